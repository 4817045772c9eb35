"""Where rule files and mappings are found: the user's first, then the checkout's, then the wheel's."""

from __future__ import annotations

from milkqc import catalogue


def test_the_checkout_s_rule_files_are_found():
    names = [path.name for path in catalogue.files("expectations")]
    assert {"anthropometry.yaml", "birth.yaml", "dataset.yaml", "milk.yaml", "who_flags.yaml"} <= set(names)
    assert names == sorted(names)


def test_a_user_s_file_comes_before_the_shipped_one_of_the_same_name(tmp_path):
    (tmp_path / "milk.yaml").write_text("table: milk\n")
    (tmp_path / "mine.yml").write_text("table: milk\n")
    found = {path.name: path for path in catalogue.files("expectations", [tmp_path])}
    assert found["milk.yaml"] == tmp_path / "milk.yaml"
    assert found["mine.yml"] == tmp_path / "mine.yml"
    assert found["birth.yaml"].parent != tmp_path


def test_a_user_s_folder_may_hold_both_kinds_in_subfolders(tmp_path):
    (tmp_path / "expectations").mkdir()
    (tmp_path / "expectations" / "mine.yaml").write_text("table: milk\n")
    assert catalogue.find("expectations", "mine", [tmp_path]) == tmp_path / "expectations" / "mine.yaml"


def test_a_file_is_found_by_its_name_with_or_without_its_ending():
    assert catalogue.find("expectations", "milk") == catalogue.find("expectations", "milk.yaml")
    assert catalogue.find("expectations", "no_such_file") is None


def test_in_an_installed_wheel_the_shipped_folders_are_found(tmp_path, monkeypatch):
    package = tmp_path / "site-packages" / "milkqc"
    shipped = package / "_shipped" / "expectations"
    shipped.mkdir(parents=True)
    (shipped / "milk.yaml").write_text("table: milk\n")
    monkeypatch.setattr(catalogue, "_PACKAGE", package)
    assert catalogue.files("expectations") == (shipped / "milk.yaml",)
    assert catalogue.files("mappings") == ()


def test_a_folder_that_merely_stands_beside_the_package_is_not_taken_for_a_checkout(tmp_path, monkeypatch):
    package = tmp_path / "lib" / "src" / "milkqc"
    package.mkdir(parents=True)
    (tmp_path / "lib" / "expectations").mkdir()
    monkeypatch.setattr(catalogue, "_PACKAGE", package)
    assert catalogue.folders("expectations") == ()
