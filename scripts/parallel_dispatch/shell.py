"""tmp"""


def targets(command: str) -> list[str]:
    return []
