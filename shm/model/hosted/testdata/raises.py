"""Loads its data when it is imported."""


def data():
    return {}["potential"]


TABLE = data()
