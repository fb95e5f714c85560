"""The words of the vocabulary where a spec uses them: which one a name means, and of what a key is a setting."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from dslc.syntax import tree
from dslc.vocab.kinds import Kind
from dslc.vocab.sections import ROLES, SECTIONS, Section
from dslc.vocab.word import Word, all_words, kind_of, parameters, words

Above = Mapping[tree.Node, tree.Node]


@dataclass(frozen=True)
class Setting:
    """A key of a section or a parameter of a word."""

    owner: type[Word]
    name: str

    @property
    def kind(self) -> Kind:
        return kind_of(parameters(self.owner)[self.name])


def find(name: str, kinds: Iterable[str] = ()) -> type[Word] | None:
    """The word called `name`: of one of `kinds`, else of any kind."""
    for kind in kinds:
        if name in words(kind):
            return words(kind)[name]
    everything = all_words()
    return next((found[name] for found in everything.values() if name in found), None)


def section_of(node: tree.Section, above: Above) -> type[Section] | None:
    """What a section means: by its own word, inside another by what stands there."""
    outer = above.get(node)
    if isinstance(outer, tree.Section):
        return inner_section(section_of(outer, above), node.keyword.text)
    return SECTIONS.get(node.keyword.text)


def inner_section(outer: type[Section] | None, word: str) -> type[Section] | None:
    if outer is None:
        return None
    roles = ROLES if outer.rules else {}
    return next((s for s in outer.inner if s.word == word), None) or roles.get(word)


def owner_of(node: tree.Node, above: Above) -> type[Word] | None:
    """The word or section whose key or parameter stands in `node`, a `Let` or an `Argument`."""
    holder = above.get(node)
    if isinstance(holder, tree.Call):
        return word_at(holder.name, above)
    if isinstance(holder, tree.Section):
        section = section_of(holder, above)
        if section is None:  # a rule of `defaults` for a kind of layer
            return words("flow").get(holder.keyword.text)
        return section
    return None


def setting_of(name: tree.Name, above: Above) -> Setting | None:
    """The setting that a name is the key of: `epochs` in `epochs = 20`, `stride` in `stride=2`."""
    node = above.get(name)
    if isinstance(node, tree.Section) and node.keyword is name:  # a part: `loss { … }`
        outer = above.get(node)
        section = section_of(outer, above) if isinstance(outer, tree.Section) else None
        if section is not None and name.text in section.per_output:
            return Setting(section, name.text)
    if not isinstance(node, (tree.Let, tree.Argument)) or node.name is not name:
        return None
    owner = owner_of(node, above)
    return Setting(owner, name.text) if owner and name.text in parameters(owner) else None


def word_at(name: tree.Name, above: Above) -> type[Word] | None:
    """The word of the vocabulary that a name means where it stands."""
    node = above.get(name)
    if isinstance(node, tree.Section) and node.keyword is name:
        return section_of(node, above) or words("flow").get(name.text)
    if isinstance(node, (tree.Attribute, tree.Parameter, tree.Input, tree.Output, tree.Definition)):
        return None
    return find(name.text, _kinds(name, above))


def _kinds(name: tree.Name, above: Above) -> tuple[str, ...]:
    """The kinds of words that are wanted where a name stands."""
    node: tree.Node | None = name
    while node is not None:
        parent = above.get(node)
        if isinstance(parent, tree.Argument) and parent.name is not None:
            setting = setting_of(parent.name, above)
            return setting.kind.word_kinds if setting is not None else ()
        if isinstance(parent, tree.Let):
            setting = setting_of(parent.name, above)
            return setting.kind.word_kinds if setting is not None else ("flow",)
        if isinstance(parent, tree.Section) and isinstance(node, tree.Bare):
            section = section_of(parent, above)
            return section.entries if section is not None else ()
        if isinstance(parent, tree.Step):
            return ("flow",)
        node = parent
    return ("flow",)
