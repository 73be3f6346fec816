"""Titles in natural order."""

import pytest

from annotations.imports.titles import split_title


@pytest.mark.parametrize(
    ("written", "title", "year"),
    [
        ("Shawshank Redemption, The (1994)", "The Shawshank Redemption", 1994),
        ("Bug's Life, A (1998)", "A Bug's Life", 1998),
        ("Awfully Big Adventure, An (1995)", "An Awfully Big Adventure", 1995),
        ("Misérables, Les (1995)", "Les Misérables", 1995),
        ("Bear, The (Ours, L') (1988)", "The Bear (L'Ours)", 1988),
        (
            "City of Lost Children, The (Cité des enfants perdus, La) (1995)",
            "The City of Lost Children (La Cité des enfants perdus)",
            1995,
        ),
        ("Postman, The (Postino, Il) (1994)", "The Postman (Il Postino)", 1994),
        ("Seven (a.k.a. Se7en) (1995)", "Seven (a.k.a. Se7en)", 1995),
        ("Thing, The (a.k.a. Other Thing, The) (1982)", "The Thing (a.k.a. The Other Thing)", 1982),
        ("Good, the Bad and the Ugly, The (1966)", "The Good, the Bad and the Ugly", 1966),
        ("Play It Again, Sam (1972)", "Play It Again, Sam", 1972),
        ("Babylon 5", "Babylon 5", None),
        ("1984 (1984)", "1984", 1984),
        ("(500) Days of Summer (2009)", "(500) Days of Summer", 2009),
        ("Fawlty Towers (1975-1979)", "Fawlty Towers", 1975),
        ("  Big   Bully (1996) ", "Big Bully", 1996),
        ("(1994)", "(1994)", None),
    ],
)
def test_titles(written, title, year):
    assert split_title(written) == (title, year)
