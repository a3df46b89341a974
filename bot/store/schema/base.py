"""What all tables share: the names of their constraints, and which of them a copy of the database leaves out."""

from sqlalchemy import (
    JSON,
    MetaData,
    Table,
)

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


OF_PROCESSES = {"of_processes": True}  # info of a table that only processes at work use: a copy leaves it out


def lasting_tables() -> list[Table]:
    """The tables whose rows stay when no process runs, each after those that it refers to."""
    return [table for table in metadata.sorted_tables if table.info != OF_PROCESSES]


def json_column() -> JSON:
    """The type of a column whose JSON null is SQL's NULL."""
    return JSON(none_as_null=True)
