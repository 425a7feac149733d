"""What the black-box tests share. conftest.py makes fixtures of it."""
