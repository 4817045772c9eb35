"""One file per site, under names that no site can choose."""

from hypothesis import given
from hypothesis import strategies as st

from milkqc.emit.sites import slugs


def test_a_site_is_named_by_its_letters():
    assert slugs(["Karachi East", "Nairobi/2", "São Paulo"]) == {
        "Karachi East": "karachi_east",
        "Nairobi/2": "nairobi_2",
        "São Paulo": "sao_paulo",
    }


def test_sites_that_would_share_a_file_each_carry_their_hash():
    assert slugs(["A", "a", "B"]) == {"A": "a_559aea", "a": "a_ca9781", "B": "b"}
    assert slugs(["a", "B", "A"]) == slugs(["A", "a", "B"])


def test_names_that_cannot_be_files_are_told_apart():
    found = slugs(["../../etc/passwd", "no site", "CON", "कराची", ""])
    assert found["../../etc/passwd"] == "etc_passwd"
    assert found["no site"].startswith("no_site_")
    assert found["CON"].startswith("con_")
    assert found["कराची"].startswith("site_")
    assert found[""].startswith("site_")


@given(st.sets(st.text(st.characters(exclude_categories=["Cs"]), max_size=60), max_size=12))
def test_every_site_has_a_safe_name_of_its_own(sites):
    found = slugs(sites)
    assert set(found) == sites
    assert len(set(found.values())) == len(sites)
    assert all(
        set(slug) <= set("abcdefghijklmnopqrstuvwxyz0123456789_") and slug != "no_site"
        for slug in found.values()
    )
