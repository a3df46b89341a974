"""Long lists of names, written as one string. Nothing else."""


def words(*lines: str) -> tuple[str, ...]:
    """The words of some lines."""
    return tuple(word for line in lines for word in line.split())
