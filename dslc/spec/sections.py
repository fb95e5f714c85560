"""`data { … }`, `train { … }`, `defaults { … }`: settings and words, bound."""

from __future__ import annotations

from typing import Any

from dslc.diagnostics import Diagnostic, Edit, Fix, Label, did_you_mean, error
from dslc.spec import ir
from dslc.spec.bind import match_arguments
from dslc.spec.damage import Damage
from dslc.spec.entries import joined, no_equals
from dslc.spec.habits import SETTING_ALIASES, SETTING_HINTS
from dslc.spec.keys import doubled, example, home, nameless
from dslc.spec.refuse import bad_value, short
from dslc.spec.rules import bind_rule
from dslc.spec.values import UNKNOWN, evaluate
from dslc.syntax import tree
from dslc.vocab.kinds import WordOf
from dslc.vocab.sections import SECTIONS, Section
from dslc.vocab.word import kind_of, parameters, words

# What people call the sections.
SECTION_ALIASES = {"training": "train", "fit": "train", "dataset": "data", "default": "defaults"}


def bind_sections(
    sections: list[tree.Section], damage: Damage
) -> tuple[dict[str, ir.SectionSpec], list[Diagnostic]]:
    """Every section of a file, each at most once."""
    bound: dict[str, ir.SectionSpec] = {}
    found: list[Diagnostic] = []
    for node in sections:
        keyword = node.keyword.text
        section = SECTIONS.get(keyword)
        if damage.touches(node.keyword.span):
            continue
        if section is None:
            found.append(_unknown_section(node))
        elif keyword in bound:
            there = [Label(bound[keyword].span, "first written here")]
            fix = Fix("put the settings of both into one")
            message = f"a spec has one `{keyword}` section"
            span = node.keyword.span
            found.append(error("E0225", message, span, secondary=there, fixes=[fix]))
        else:
            binder = _Binder(section, node, damage, elsewhere=said_by_phases(sections))
            bound[keyword] = binder.run()
            found += binder.found
    return bound, found


def _unknown_section(node: tree.Section) -> Diagnostic:
    text = node.keyword.text
    outer = next((s for s in SECTIONS.values() if text in [i.word for i in s.inner]), None)
    if outer is not None:
        message = f"`{text}` stands in `{outer.word}`, not on its own"
        fix = Fix(f"write {outer.word} backbone {{ {text} … }}")
        return error("E0440", message, node.keyword.span, fixes=[fix])
    close = SECTION_ALIASES.get(text) or did_you_mean(text, SECTIONS)
    fix = Fix("remove it, or move its settings to one of these")
    if close:
        fix = Fix(f"did you mean `{close}`?", (Edit(node.keyword.span, close),))
    message = f"there is no section `{text}`"
    notes = [f"the sections are {', '.join(SECTIONS)}"]
    return error("E0214", message, node.keyword.span, fixes=[fix], notes=notes)


def said_by_phases(sections: list[tree.Section]) -> frozenset[str]:
    """The keys of `train` that every phase of `finetune` gives, so that `train` need not."""
    phases = [
        {e.name.text for e in phase.entries if isinstance(e, tree.Let)}
        for node in sections
        if node.keyword.text == "finetune"
        for phase in node.entries
        if isinstance(phase, tree.Section) and phase.keyword.text == "phase"
    ]
    return frozenset(set.intersection(*phases)) if phases else frozenset()


class _Binder:
    """Binds one section."""

    def __init__(
        self,
        section: type[Section],
        node: tree.Section,
        damage: Damage,
        *,
        elsewhere: frozenset[str] = frozenset(),
    ) -> None:
        self.elsewhere = elsewhere if section.word == "train" else frozenset()
        self.section = section
        self.node = node
        self.damage = damage
        self.found: list[Diagnostic] = []
        self.settings: dict[str, ir.Setting] = {}
        self.parts: dict[str, ir.SectionSpec] = {}
        self.inner: list[ir.SectionSpec] = []
        self.words: list[ir.Bound] = []
        self.given: dict[str, tree.Name] = {}  # the keys that are written, faulty ones too

    def run(self) -> ir.SectionSpec:
        name = self.node.name
        if self.section.label and name is None and not self.damage.touches(self.node.span):
            self.found.append(nameless(self.section, self.node))
        if not self.section.label and name and not self.damage.touches(name.span):
            fix = Fix("remove it", (Edit(name.span, ""),))
            message = f"`{self.section.word}` takes no name"
            self.found.append(error("E0214", message, name.span, fixes=[fix]))
        for entry in joined(self.node.entries, self._forgotten):
            match entry:
                case tree.Let():
                    self._setting(entry)
                case tree.Bare():
                    self._entry(entry)
                case tree.Section():
                    self._part(entry)
        self._fill()
        span = self.node.keyword.span
        lost = bool(self.section.inner) and any(d.code == "E0213" for d in self.found)
        torn = lost or self.damage.touches(self.node.span)
        words, inner = tuple(self.words), tuple(self.inner)
        return ir.SectionSpec(
            self.section.word, span, self.settings, words, self.parts, torn, name, inner
        )

    # ----------------------------------------------------------------- settings

    def _first(self, key: tree.Name) -> bool:
        """Whether `key` is given for the first time."""
        first = self.given.setdefault(key.text, key)
        if first is key:
            return True
        there = [Label(first.span, "first given here")]
        message = f"`{key.text}` is given twice"
        fix = Fix("keep one of them")
        self.found.append(error("E0205", message, key.span, secondary=there, fixes=[fix]))
        return False

    def _setting(self, entry: tree.Let) -> None:
        key = entry.name
        name = key.text
        if name not in parameters(self.section):
            if not self.damage.near(entry.span):
                self.found.append(self._unknown_key(key, short(entry.value.span.text)))
            self._meant(key, entry.value)
            return
        if self._first(key):
            if self._swallowed(entry):
                return
            value = self._value(name, entry.value)
            if value is not UNKNOWN:
                self.settings[name] = ir.Setting(value, entry.value.span, key.span)

    def _meant(self, key: tree.Name, expr: tree.Expr) -> None:
        """What a key of another name says goes for the one that is meant, so that what builds on it is seen."""
        fields = parameters(self.section)
        name = SETTING_ALIASES.get(key.text)
        if name not in fields:
            name = did_you_mean(key.text, fields)
        if name is None or any(
            isinstance(e, tree.Let) and e.name.text == name for e in self.node.entries
        ):
            return
        self.given.setdefault(name, key)
        found = self.found
        self.found = []  # the line has its diagnostic
        value = self._value(name, expr)
        self.found = found
        if value is not UNKNOWN:
            self.settings.setdefault(name, ir.Setting(value, expr.span, key.span))

    def _swallowed(self, entry: tree.Let) -> bool:
        """`epochs =` above `EarlyStopping(…)`: a value is missing, and what stands below it is an entry of its own."""
        value = entry.value
        word = value.name.text if isinstance(value, tree.Call) else getattr(value, "text", "")
        entries = [word for kind in self.section.entries for word in words(kind)]
        if (
            not (word in entries or (word[:1].isupper() and did_you_mean(word, entries)))
            or value.span.line == entry.name.span.line
        ):
            return False
        gap = self.node.span.source.span(entry.name.span.end, value.span.start)
        at = gap.start + gap.text.index("=")
        equal = self.node.span.source.span(at, at + 1)
        message = f"the value of `{entry.name.text}` is missing"
        fix = Fix(f"add it: {entry.name.text} = {example(self.section, entry.name.text)}")
        label = "a value belongs behind this `=`"
        self.found.append(error("E0111", message, equal, label, fixes=[fix]))
        self._entry(tree.Bare(value.span, value))
        return True

    def _value(self, key: str, expr: tree.Expr) -> Any:
        info = parameters(self.section)[key]
        kind = kind_of(info)
        if self.damage.touches(expr.span):
            return UNKNOWN
        value, found = evaluate(expr, {}, kind, f"`{key}` of `{self.section.word}`")
        if found and self.damage.near(expr.span):
            return UNKNOWN
        self.found += found
        if value is UNKNOWN or (value is None and info.default is None):
            return value
        try:
            accepted = kind.accept(value)
        except (ValueError, TypeError, OverflowError):
            self.found.append(bad_value(self.section, key, expr, value))
            return UNKNOWN
        self.found += doubled(accepted, expr)
        return accepted

    def _unknown_key(self, name: tree.Name, value: str = "…") -> Diagnostic:
        section, text = self.section, name.text
        fields = list(parameters(section))
        alias = SETTING_ALIASES.get(text)
        owner = home(text)
        close = did_you_mean(text, fields)
        if alias in fields:
            fix = Fix(f"write `{alias}`", (Edit(name.span, str(alias)),), safe=True)
        elif any(text in parameters(inner) for inner in section.inner):
            fix = Fix(f"move it to a `{section.inner[0].word}`")
        elif owner is not None:
            fix = Fix(f"move it to `{owner} {{ … }}`")
        elif alias is not None and (owner := home(alias)):
            fix = Fix(f"write {alias} = {value} in `{owner} {{ … }}`")
        elif text in SETTING_HINTS:
            fix = Fix(SETTING_HINTS[text])
        elif close:
            fix = Fix(f"did you mean `{close}`?", (Edit(name.span, close),))
        else:
            fix = Fix("remove it")
        words_only = f"no settings, only {' or '.join(f'{kind}s' for kind in section.entries)}"
        notes = [f"`{section.word}` takes {', '.join(fields) or words_only}"]
        message = f"`{section.word}` has no setting `{text}`"
        return error("E0213", message, name.span, fixes=[fix], notes=notes)

    def _fill(self) -> None:
        """Defaults for what is not written; a diagnostic for what must be."""
        fields = parameters(self.section)
        given = self.given.keys() | self.parts.keys()
        given |= self.elsewhere
        missing = [n for n, info in fields.items() if info.is_required() and n not in given]
        torn = self.damage.touches(self.node.span)
        if missing and not torn and not any(d.code == "E0213" for d in self.found):
            listed = ", ".join(f"`{n}`" for n in missing)
            notes = [f"{n}: {fields[n].description}" for n in missing]
            message = f"`{self.section.word}` needs {listed}"
            written = "  ".join(f"{n} = {example(self.section, n)}" for n in missing)
            fix = Fix(f"add {written}")
            span = self.node.keyword.span
            self.found.append(error("E0204", message, span, notes=notes, fixes=[fix]))
        place = self.node.keyword.span
        for name, info in fields.items():
            if name not in given and not info.is_required():
                self.settings[name] = ir.Setting(info.default, place, place)

    # ----------------------------------------------------------------- entries and parts

    def _entry(self, entry: tree.Bare) -> None:
        section, node = self.section, entry.value
        if self.damage.near(entry.span):
            return
        if not section.entries:
            message = f"`{section.word}` holds settings: key = value"
            fix = Fix(f"write one of {', '.join(parameters(section))}, with `=` and a value")
            self.found.append(error("E0226", message, entry.span, fixes=[fix]))
            return
        phrase = " or ".join(f"a {kind}" for kind in section.entries)
        kind = WordOf(section.entries, phrase)
        value, found = evaluate(node, {}, kind, f"what stands in `{section.word}` without a key")
        self.found += found
        if value is UNKNOWN:
            return
        if getattr(value, "kind", None) not in section.entries:
            known = ", ".join(w for k in section.entries for w in words(k))
            message = f"{phrase} or `key = value` must stand here"
            fix = Fix(f"write one of {known}")
            self.found.append(error("E0226", message, entry.span, fixes=[fix]))
            return
        assert isinstance(node, (tree.Name, tree.Call))
        arguments, _ = match_arguments(type(value), node)
        places = {name: expr.span for name, expr in arguments.items()}
        self.words.append(ir.Bound(value, entry.span, places))

    def _part(self, node: tree.Section) -> None:
        """`loss { species = cross_entropy }`: one value for each output; `phase head { … }`: a section in it."""
        key = node.keyword
        if any(key.text == section.word for section in self.section.inner):
            self._section(node)
            return
        if self.section.rules:
            if self._first(key):
                rule, found = bind_rule(node, self.damage)
                self.found += found
                if rule is not None:
                    self.parts[key.text] = rule
            return
        if key.text not in self.section.per_output:
            if not self.damage.touches(key.span):
                self.found.append(self._unknown_part(key))
            self.given.setdefault(key.text, key)
            return
        if not self._first(key):
            return
        settings: dict[str, ir.Setting] = {}
        names: dict[str, tree.Name] = {}
        for entry in joined(node.entries, lambda name: self._forgotten_in(name, settings)):
            if self.damage.near(entry.span):
                continue
            if not isinstance(entry, tree.Let):
                message = f"`{key.text}` holds one value for each output: name = value"
                fix = Fix("write the name of an output, `=` and its value")
                self.found.append(error("E0226", message, entry.span, fixes=[fix]))
                continue
            first = names.setdefault(entry.name.text, entry.name)
            if first is not entry.name:
                there = [Label(first.span, "first given here")]
                message = f"`{entry.name.text}` is given twice"
                fix = Fix("keep one of them")
                span = entry.name.span
                self.found.append(error("E0205", message, span, secondary=there, fixes=[fix]))
                continue
            value = self._value(key.text, entry.value)
            settings[entry.name.text] = ir.Setting(value, entry.value.span, entry.name.span)
        self.parts[key.text] = ir.SectionSpec(key.text, key.span, settings)

    def _section(self, node: tree.Section) -> None:
        """A section that stands in this one; its name is given once."""
        section = next(s for s in self.section.inner if s.word == node.keyword.text)
        name = node.name
        before = next(
            (s.label for s in self.inner if s.label and name and s.label.text == name.text), None
        )
        if name is not None and before is not None:
            there = [Label(before.span, "first given here")]
            fix = Fix("give it another name")
            message = f"there are two {section.word}s called `{name.text}`"
            self.found.append(error("E0205", message, name.span, secondary=there, fixes=[fix]))
        binder = _Binder(section, node, self.damage)
        self.inner.append(binder.run())
        self.found += binder.found

    def _forgotten(self, name: tree.Name) -> bool:
        """`init he_normal`: whether the `=` behind a key is missing. Reports it."""
        if name.text not in parameters(self.section) or self.damage.near(name.span):
            return False
        self.given.setdefault(name.text, name)
        self.found.append(no_equals(name))
        return True

    def _forgotten_in(self, name: tree.Name, settings: dict[str, ir.Setting]) -> bool:
        if name.text in words("loss") or name.text in words("metric"):
            return False
        if not self.damage.near(name.span):
            settings[name.text] = ir.Setting(UNKNOWN, name.span, name.span)
            self.found.append(no_equals(name))
        return True

    def _unknown_part(self, key: tree.Name) -> Diagnostic:
        if key.text not in parameters(self.section):
            return self._unknown_key(key)
        message = f"`{key.text}` has one value: it takes `=`, not braces"
        fix = Fix(f"write {key.text} = {example(self.section, key.text)}")
        return error("E0226", message, key.span, fixes=[fix])
