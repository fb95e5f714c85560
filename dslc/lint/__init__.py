"""Advice about specs that check: one file a rule, found by walking `dslc.lint.rules`.

A rule sees `dslc.lint.facts.Facts` and yields `dslc.lint.rule.Finding`; suppression, configuration, fixes and the
cache are matters of the modules beside it. A spec with errors gets its errors and no advice: what a rule would say
about a model that is not known is a guess. This file imports nothing, so that an answer from the cache is quick.
"""
