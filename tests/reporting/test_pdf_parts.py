"""A report printed in parts and bound again is the report printed in one piece."""

from __future__ import annotations

import re

import pikepdf
import pytest

from slim_cli.reporting import sheets
from slim_cli.reporting.pdf import write_pdf
from slim_cli.reporting.selection import Style
from slim_cli.reporting.sheets import Sheets
from slim_cli.reporting.writers import Findings
from tests.reporting import factory

ONE, PARTS = "one piece", "in parts"


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    """The same findings, printed both ways; one section is longer than the others."""
    folder = tmp_path_factory.mktemp("parts")
    results = [factory.scored(f"call {i}.wav", 2.0 - i, channels=1 + 60 * (i == 1)) for i in range(3)]
    findings = Findings(results, factory.run(results), factory.reference(), folder, Style("all"))
    opened = {}
    for name, most in ((ONE, 12), (PARTS, 2)):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sheets, "MOST_IN_ONE", most)
            patch.setattr(sheets, "MOST_PER_PART", 2)
            write_pdf(findings, folder / f"{name}.pdf")
        opened[name] = pikepdf.open(folder / f"{name}.pdf")
    yield opened
    for pdf in opened.values():
        pdf.close()


def bookmarks(items, pages, depth=0):
    for item in items:
        target = item.destination[0] if item.destination is not None else None
        yield depth, item.title, pages.index(target.objgen)
        yield from bookmarks(item.children, pages, depth + 1)


def outline(pdf):
    pages = [page.obj.objgen for page in pdf.pages]
    with pdf.open_outline() as found:
        return list(bookmarks(found.root, pages))


def elements(element, page=None):
    """Every structure element below one, as (type, page of its content or None, number of marked pieces)."""
    kids = element.get("/K", [])
    kids = kids if isinstance(kids, pikepdf.Array) else [kids]
    yield str(element.S), sum(not isinstance(kid, pikepdf.Object) for kid in kids)
    for kid in kids:
        if isinstance(kid, pikepdf.Dictionary) and "/S" in kid:
            yield from elements(kid)


def structure(pdf):
    return list(elements(pdf.Root.StructTreeRoot.K[0]))


def test_no_page_is_added_or_lost(printed):
    assert len(printed[ONE].pages) == len(printed[PARTS].pages)


def test_bookmarks_lead_to_the_same_pages(printed):
    assert len(outline(printed[ONE])) > 5
    assert outline(printed[ONE]) == outline(printed[PARTS])


def test_the_structure_tree_is_the_same(printed):
    one, parts = structure(printed[ONE]), structure(printed[PARTS])
    assert sum(kind == "/Art" for kind, _ in one) >= 3
    assert [e for e in one if e[0] not in ("/Part", "/Sect")] == [e for e in parts if e[0] not in ("/Part", "/Sect")]


def test_every_marked_piece_belongs_to_an_element_that_knows_its_page(printed):
    pdf = printed[PARTS]
    tree = pdf.Root.StructTreeRoot.ParentTree.Nums
    owners = {int(tree[i]): tree[i + 1] for i in range(0, len(tree), 2)}
    numbers = [int(page.obj.StructParents) for page in pdf.pages]
    assert len(set(numbers)) == len(pdf.pages)
    for page, number in zip(pdf.pages, numbers, strict=True):
        marked = re.findall(rb"/MCID (\d+)", b"".join(c.read_bytes() for c in contents(page)))
        assert sorted(map(int, marked)) == list(range(len(owners[number])))
        assert {owner.Pg.objgen for owner in owners[number]} == {page.obj.objgen}


def contents(page):
    found = page.obj.Contents
    return list(found) if isinstance(found, pikepdf.Array) else [found]


def test_running_heads_and_page_numbers_are_artifacts_in_a_part(printed):
    forms = {}
    for page in printed[PARTS].pages:
        drawn = re.match(rb"(/PageFrame\d+) Do", contents(page)[0].read_bytes())
        if drawn:
            forms[page.index] = page.obj.Resources.XObject[drawn[1].decode()].read_bytes()
    assert len(forms) >= 6
    assert all(b"/Artifact BMC" in form and b"TJ" in form and b"MCID" not in form for form in forms.values())


def test_table_cells_find_their_headings_and_nobody_elses(printed):
    pdf = printed[PARTS]
    cells = [o for o in pdf.objects if isinstance(o, pikepdf.Dictionary) and o.get("/S") in ("/TH", "/TD")]
    names = [str(cell.ID) for cell in cells if "/ID" in cell]
    assert len(names) == len(set(names)) > 50
    wanted = {str(name) for cell in cells for name in cell.get("/A", pikepdf.Dictionary()).get("/Headers", [])}
    assert wanted <= set(names)


def test_it_is_still_pdf_a_with_its_attachments(printed):
    with printed[PARTS].open_metadata() as metadata:
        assert metadata.pdfa_status == "3A"
    assert set(printed[PARTS].attachments) == set(printed[ONE].attachments)
    files = printed[PARTS].Root.AF
    assert {str(file.AFRelationship) for file in files} == {"/Data"}
    assert "/ID" in printed[PARTS].trailer


@pytest.mark.parametrize("broken", ["<article class='exhibit'>", '<article class="exhibit">text</article>'])
def test_a_template_without_the_marks_that_cutting_needs_is_noticed(broken, tmp_path):
    document = f'<head></head><body><section id="exhibits">{broken * 13}</section></body>'
    (tmp_path / "document.html").write_text(document, encoding="utf-8")
    cut = Sheets.cut(tmp_path / "document.html")
    if cut.sections:
        with pytest.raises(ValueError, match="no id"):
            cut.frame([1] * len(cut.sections))
    else:
        assert cut.whole == document.replace("<head>", f"<head><style>{sheets.DRAWING_STYLE}</style>")
