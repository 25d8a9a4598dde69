# SPDX-License-Identifier: Apache-2.0
"""The shape of the C++ code: classes with too many jobs, folders with too few tests."""

import collections
import pathlib
import re

MAX_METHODS = 35
MAX_MEMBERS = 20
MIN_TESTS = 0.5  # lines of tests/unit/<folder> to lines of the folder
# Folders that are not there yet. A figure here is raised when tests are added and never lowered.
FEWER_TESTS = {"base": 0.42, "config": 0.35, "import": 0.22, "net": 0.31, "observe": 0.2,
               "schema": 0.26, "store": 0.4, "thread": 0.25, "worker": 0.47}
# Classes that are to be cut by responsibility: their methods and members today. Entries are only removed.
LARGE_CLASSES = {"engine/net/session.cpp": (31, 22),
                 "engine/store/store_impl.h": (19, 21),
                 "engine/worker/pool/worker.h": (30, 22)}

MAX_REACH = 1 / 3  # of the sources, for headers of engine/config
REACHES_MORE = {"engine/config/yaml/place.h"}  # two numbers
INCLUDE = re.compile(r'^#include "([^"]+)"', re.M)

COMMENT_OR_TEXT = re.compile(r'//[^\n]*|/\*.*?\*/|R"(\w*)\((?:.|\n)*?\)\1"|"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)+\'', re.S)
NOT_MEMBERS = re.compile(r"^(using|friend|enum|typedef|static_assert|template\s*<[^>]*>\s*(struct|class))\b")


# At the beginning of a line: a type, a constant or a function.
DEFINED = re.compile(r"^(?!namespace|template|static_assert|friend)(?:struct |class |enum class |(?!using )[a-zA-Z][\w:<>,*& ]*[ *&])(?P<name>(?!final\b)\w+)(?= final\b| ?(?:[({\[=]|:[^:]))", re.M)


def bare(text):
    """The code without comments and the contents of texts, line by line as before."""
    return COMMENT_OR_TEXT.sub(lambda found: '""' + "\n" * found.group(0).count("\n"), text)


def block_end(text, start):
    """The index behind the brace that closes the one at `start`."""
    depth = 0
    for index in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[index], 0)
        if depth == 0:
            return index + 1
    return len(text)


def statements(body):
    """Declarations at the outermost level of a class body; what nests in braces is left out."""
    depth, current = 0, ""
    for char in body:
        if char == "{":
            if depth == 0:
                current += "{}"
            depth += 1
        elif char == "}":
            depth -= 1
            if depth == 0 and (")" in current and "=" not in current.split(")")[-1]):
                yield current
                current = ""
        elif depth == 0:
            if char == ";":
                yield current
                current = ""
            else:
                current += char


def class_size(body):
    methods = members = 0
    for statement in statements(body):
        text = re.sub(r"\b(public|private|protected)\s*:", "", statement).strip()
        if not text or NOT_MEMBERS.match(text) or re.match(r"^(class|struct|union)\b[^()]*\{\}\s*$", text):
            continue
        head = re.sub(r"<[^<>]*(?:<[^<>]*(?:<[^<>]*>)?[^<>]*>)*[^<>]*>", "", text)  # of templates: their arguments may have brackets
        if "(" in head.split("=")[0].split("{")[0] or "operator" in head:
            methods += "= default" not in text and "= delete" not in text
        elif not re.match(r"^(static )?constexpr\b|^inline constexpr\b", text):
            members += 1
    return methods, members


def check_classes(texts, problem):
    for path, text in texts.items():
        if path.suffix not in {".h", ".cpp"} or path.parts[0] not in {"engine", "connectors"}:
            continue
        code = bare(text)
        for found in re.finditer(r"^\s*class (?:\w+::)*(\w+)[^;{(]*\{", code, re.M):
            begin = found.end() - 1
            methods, members = class_size(code[begin + 1:block_end(code, begin) - 1])
            most = LARGE_CLASSES.get(str(path), (MAX_METHODS, MAX_MEMBERS))
            if methods > most[0] or members > most[1]:
                line = code.count("\n", 0, found.start(0)) + 1
                problem(path, line, f"class {found.group(1)}: {methods} methods, {members} members; the most is {most[0]} and {most[1]}")


def check_tests(texts, problem):
    lines = collections.Counter()
    for path, text in texts.items():
        if path.suffix in {".h", ".cpp"} and path.parts[0] == "engine":
            lines[path.parts[1]] += text.count("\n")
        elif path.suffix in {".h", ".cpp"} and path.parts[:2] == ("tests", "unit"):
            lines["tests/" + path.parts[2]] += text.count("\n")
    for folder in sorted(name for name in lines if not name.startswith("tests/")):
        ratio, least = round(lines["tests/" + folder] / lines[folder], 2), FEWER_TESTS.get(folder, MIN_TESTS)
        if ratio < least:
            problem(pathlib.Path("engine") / folder, 1, f"{ratio:.2f} lines of unit tests a line of code; the least is {least}")


def reached(path, includes, memo):
    """All headers that a file includes, also through others."""
    if path not in memo:
        memo[path] = set()  # of a circle, what has been seen
        for header in includes.get(path, ()):
            memo[path] |= {header} | reached(header, includes, memo)
    return memo[path]


def check_reach(texts, problem):
    """An option more must not compile everything again."""
    includes = {str(path): INCLUDE.findall(text) for path, text in texts.items() if path.suffix in {".h", ".cpp"}}
    sources = [path for path in includes if path.endswith(".cpp") and path.startswith(("engine/", "connectors/"))]
    memo, count = {}, collections.Counter()
    for source in sources:
        count.update(header for header in reached(source, includes, memo) if header.startswith("engine/config/"))
    for header, number in count.items():
        if number > MAX_REACH * len(sources) and header not in REACHES_MORE:
            problem(pathlib.Path(header), 1, f"{number} of {len(sources)} sources include it, the most is a third")


def hidden_names(code):
    """What a source defines in anonymous namespaces: the namespaces around it, name, line, and of an alias the type."""
    around = " ".join(re.findall(r"^namespace ([\w:]+) \{", code, re.M))
    for block in re.finditer(r"^namespace \{", code, re.M):
        body = code[block.end():block_end(code, block.end() - 1)]
        for found in re.finditer(DEFINED, body):
            yield around, found.group("name"), code.count("\n", 0, block.end() + found.start("name")) + 1, None
        for found in re.finditer(r"^using (?P<name>\w+) = (?P<type>[^;]+);", body, re.M):
            yield around, found.group("name"), code.count("\n", 0, block.end() + found.start("name")) + 1, found.group("type")


def test_targets(texts):
    """Source -> the test that it belongs to."""
    targets = {}
    for path, text in texts.items():
        if path.name == "CMakeLists.txt" and path.parts[0] == "tests":
            for name, sources in re.findall(r"pelton_test\(NAME (\w+) LABEL \w+\s+SOURCES([^)]*?)DEPS", text):
                targets.update({path.parent / source: name for source in sources.split()})
    return targets


def check_hidden(texts, problem):
    """A build that joins sources puts the anonymous namespaces of a target together: a name has one meaning there."""
    first, tests = {}, test_targets(texts)
    for path, text in texts.items():
        target = path.parts[:2] if path.parts[0] in {"engine", "connectors"} else tests.get(path)
        if path.suffix != ".cpp" or target is None:
            continue
        for around, name, line, alias in hidden_names(bare(text)):
            other, meaning = first.setdefault((target, around, name), (path, alias))
            if other != path and (alias is None or alias != meaning):
                problem(path, line, f"{name} is in the anonymous namespace of {other} as well")


def check(texts, problem):
    check_hidden(texts, problem)
    check_classes(texts, problem)
    check_reach(texts, problem)
    check_tests(texts, problem)
