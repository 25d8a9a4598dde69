# SPDX-License-Identifier: Apache-2.0
"""What users read: pages and the texts of the code, in the English of a manual."""

import re

# What reads as if translated, and what to write.
MANNERISMS = [
    (re.compile(r"\bmend(s|ed|ing)?\b", re.I), "fix, correct"),
    (re.compile(r"\banew\b", re.I), "again, or say what is created"),
    (re.compile(r"\bso long\b(?! as)", re.I), "for that time, until then"),
    (re.compile(r"\bat hand\b", re.I), "current, available"),
    (re.compile(r"\b(goes|go|went) on\b(?! to\b)", re.I), "continues"),
    (re.compile(r"\b(is|are) told\b", re.I), "is notified, learns"),
    (re.compile(r"\bstands? (here|there|twice|in|above|below|beside|behind)\b", re.I), "is"),
    (re.compile(r"(?<!there )\b(is|are|were|was) no (file|folder|number|text|stream|name|path|topic|connector|function|member|event|picture|order|frame|batch)\b(?! (that|which|in|on|of|to|for|with|yet|left|here|there))"),
     "is not a"),
    (re.compile(r"(?:^|[.:;] |\| )Who (?!is\b|are\b)[a-z]"), "If you ..."),
    (re.compile(r"(?:^|[.] )What (?:is|has|was|cannot|does|goes|comes|follows)\b(?![^.?]*\?)"), "name the thing"),
]
TEXT = re.compile(r'"((?:[^"\\\n]|\\.)*)"')


def check_page(path, text, problem):
    fenced = False
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith("```"):
            fenced = not fenced
        if fenced or line.startswith("    "):
            continue
        check_words(path, number, line, problem)


def check_words(path, number, line, problem):
    for pattern, better in MANNERISMS:
        found = pattern.search(line)
        if found:
            problem(path, number, f'"{found.group(0).strip()}": plain English ({better})')


def check(texts, problem):
    for path, text in texts.items():
        if path.suffix == ".md":
            check_page(path, text, problem)
        elif path.parts[0] in {"engine", "connectors"} and path.suffix in {".h", ".cpp"}:
            for number, line in enumerate(text.split("\n"), 1):
                if line.lstrip().startswith(("//", "#include")):
                    continue
                for found in TEXT.finditer(line):
                    check_words(path, number, found.group(1), problem)
