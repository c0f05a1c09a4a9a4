"""Pages made from the code are up to date, links lead somewhere, and what is written in two languages says the same."""

import importlib.util
import io
import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from bastion.services.webhooks import OFFERED

ROOT = Path(__file__).parent.parent
READMES = [ROOT / "README.md", ROOT / "README.fr.md"]
WRITTEN = sorted([*READMES, ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]+))?")
FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PART = re.compile(r"(#+) |( *)(?:-|\d+\.) |(\|)|(```)")
GUIDES = sorted(page.name.removesuffix(".en.md") for page in (ROOT / "docs").glob("*.en.md"))
SPOKEN = {
    "COMPTE": "LOGIN", "COPIE": "COPY", "DOSSIER": "FOLDER", "FICHIER": "FILE", "LIGNE": "LINE", "NUMÉRO": "NUMBER",
    "REGISTRE": "REGISTER", "RÉF": "REF", "accepte": "accept", "compte": "account", "dispositif": "device",
    "fichier": "file", "oui": "yes", "tout": "all", "vous": "you",
}  # fmt: skip
"""What stands in code and is still a word of a language: what somebody puts in its place, or types in his own."""
ELSEWHERE = {"Auto-login username"}
"""What programs of others call something."""


def generator():
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["settings.md", "exit-codes.md", "state-machines.md"])
def test_generated_pages_say_what_the_code_says(name):
    made = generator()
    assert set(made.PAGES) == {"settings.md", "exit-codes.md", "state-machines.md"}
    assert (ROOT / "docs" / name).read_text() == made.PAGES[name](), "run `make docs`"


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target, part in LINK.findall(page.read_text()):
        there = page.parent / target if target else page
        assert there.exists(), f"{page.name} links to {target}"
        assert not part or part in anchors(there), f"{page.name} links to {target}#{part}"


def test_every_page_is_found_from_the_readme():
    found, ahead = set(), [ROOT / "README.md"]
    while ahead:
        page = ahead.pop()
        if page in found or page.suffix != ".md":
            continue
        found.add(page)
        ahead += [(page.parent / target).resolve() for target, _ in LINK.findall(page.read_text()) if target]
    assert found >= set(WRITTEN), {page.name for page in set(WRITTEN) - found}


@pytest.mark.parametrize("page", READMES, ids=lambda page: page.name)
def test_the_readme_names_only_targets_that_exist(page):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    said = set(re.findall(r"\bmake ([a-z-]+)\b", page.read_text()))
    assert "demo" in said
    assert said <= targets, said - targets


def test_whatever_a_program_may_hear_of_stands_in_the_api_page():
    rows = re.findall(r"^\| (`[a-z_`, ]+`) \|", (ROOT / "docs" / "api.md").read_text(), re.MULTILINE)
    assert sorted(re.findall(r"\w+", " ".join(rows))) == sorted(OFFERED)


def numbered(text):
    """The rules (R-24) and weaknesses (T5, T04 in a test's name, T4–T6) that a text names."""
    spans = re.findall(r"(?<![A-Za-z0-9])T0?(\d+)(?:–T(\d+))?(?![A-Za-z0-9])", text)
    weaknesses = {f"T{n}" for first, last in spans for n in range(int(first), int(last or first) + 1)}
    return weaknesses | set(re.findall(r"\bR-\d+", text))


def test_what_the_threat_model_says_is_shown_is_named_by_a_test():
    wanted = numbered((ROOT / "docs" / "threat-model.md").read_text())
    shown = numbered("\n".join(file.read_text() for file in (ROOT / "tests").rglob("test_*.py")))
    assert len(wanted) > 40
    assert wanted <= shown, wanted - shown


# -- two languages -----------------------------------------------------------------------------------------------------
def both(guide):
    return [(ROOT / "docs" / f"{guide}.{language}.md").read_text() for language in ("en", "fr")]


def anchors(page):
    """As GitHub makes them of the headings."""
    headings = re.findall(r"^#+ (.*)$", FENCED.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def parts(text):
    """A page without its words: the level of each heading, where items and rows of tables begin, where code stands."""
    begun = map(PART.match, FENCED.sub("```", text).splitlines())
    return ["".join(one for one in found.groups() if one is not None) for found in begun if found]


def code(text):
    """What is to be typed; what is explained beside it is said in the page's language."""
    return [
        (kind, re.sub(r"(^|\s)[ ]*#(?!!).*$", r"\1", block, flags=re.MULTILINE).split("\n"))
        for kind, block in FENCED.findall(text)
    ]


def named(text):
    """Settings, commands, files, rules: whatever stands in the lines as code."""
    inline = re.findall(r"`([^`]+)`", FENCED.sub("", text))
    return {re.sub(r"\w+", lambda word: SPOKEN.get(word[0], word[0]), one) for one in inline}


def labels(text):
    """What the console calls something: it stands in italics, one after the other along an arrow."""
    plain = " ".join(re.sub(r"`[^`]*`", "", FENCED.sub("", text)).split())
    shown = re.findall(r"(?<![*\w])\*([^*]+)\*(?![*\w])", plain)
    return [one.rstrip("…").strip() for label in shown for one in label.split(" → ") if one not in ELSEWHERE]


def same(text):
    return re.sub(r"[\u00a0\u202f]", " ", text).replace("’", "'").replace("\u00ad", "").casefold()


def named_so(whole, label):
    """A label may leave out the number behind it, or what it is said of before it."""
    return whole.startswith(label) or whole.endswith(f": {label}")


def links(text):
    """Where it leads, but for the language and for headings, which are words."""
    return sorted(re.sub(r"\.(en|fr)\.md$", ".md", target) for target, _ in LINK.findall(text))


def test_the_short_readme_names_nothing_that_the_long_one_does_not():
    english, french = (page.read_text() for page in READMES)
    assert named(french) <= named(english), named(french) - named(english)


def test_every_guide_is_written_in_both_languages():
    assert sorted(page.name.removesuffix(".fr.md") for page in (ROOT / "docs").glob("*.fr.md")) == GUIDES
    assert "operator" in GUIDES


@pytest.mark.parametrize("guide", GUIDES)
def test_what_the_console_calls_something_is_called_so_in_both_languages(guide):
    catalogue = [
        (same(message.id), same(message.string))
        for file in (ROOT / "bastion" / "locale" / "fr").glob("*.po")
        for message in read_po(io.BytesIO(file.read_bytes()))
        if isinstance(message.id, str) and message.id
    ]
    pairs = list(zip(*map(labels, both(guide)), strict=True))
    assert pairs
    begun = [(same(english), same(french)) for english, french in pairs]
    unknown = [
        (english, french)
        for english, french in begun
        if not any(named_so(ours, english) and named_so(theirs, french) for ours, theirs in catalogue)
    ]
    assert unknown == []


@pytest.mark.parametrize("guide", GUIDES)
@pytest.mark.parametrize("what", [parts, code, named, links], ids=lambda what: what.__name__)
def test_both_languages_say_the_same(guide, what):
    english, french = (what(text) for text in both(guide))
    assert english == french, "both languages show, name and link the same; a word that is typed stands in SPOKEN"
