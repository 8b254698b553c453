"""What is wrong with a file, in the codes of the Khronos glTF validator (its ISSUES.md)."""

from __future__ import annotations

from typing import Literal, NamedTuple

Severity = Literal["error", "warning", "info"]
ISSUES_LIMIT = 100
"""Issues that are kept; the rest is only counted."""
_WARNINGS = frozenset({
    "ACCESSOR_JOINTS_USED_ZERO_WEIGHT", "ANIMATION_CHANNEL_TARGET_NODE_SKIN", "BUFFER_GLB_CHUNK_TOO_BIG",
    "DATA_URI_GLB", "GLB_EXTRA_DATA", "GLB_UNKNOWN_CHUNK_TYPE", "IMAGE_UNRECOGNIZED_FORMAT",
    "MATERIAL_ALPHA_CUTOFF_INVALID_MODE", "MESH_PRIMITIVE_INCOMPATIBLE_MODE", "MESH_PRIMITIVE_NO_POSITION",
    "MESH_PRIMITIVE_TANGENT_WITHOUT_NORMAL", "NODE_SKINNED_MESH_LOCAL_TRANSFORMS", "NODE_SKINNED_MESH_NON_ROOT",
    "NODE_SKINNED_MESH_WITHOUT_SKIN", "NON_RELATIVE_URI", "UNEXPECTED_PROPERTY", "UNKNOWN_ASSET_MINOR_VERSION",
    "VALUE_NOT_IN_LIST",
})  # fmt: skip
_INFOS = frozenset({
    "ACCESSOR_INDEX_TRIANGLE_DEGENERATE", "BUFFER_VIEW_TARGET_MISSING", "GLB_EMPTY_BIN_CHUNK", "IMAGE_NPOT_DIMENSIONS",
    "NODE_EMPTY", "NODE_MATRIX_DEFAULT", "NON_OBJECT_EXTRAS", "UNSUPPORTED_EXTENSION", "UNUSED_MESH_WEIGHTS",
    "UNUSED_OBJECT", "URI_GLB",
})  # fmt: skip


class Issue(NamedTuple):
    """One thing found; ``pointer`` (RFC 6901) says where in the JSON, empty for the container."""

    code: str
    severity: Severity
    pointer: str
    message: str


class Issues:
    """What was found so far, each code once at each place."""

    def __init__(self) -> None:
        self.found: list[Issue] = []
        self.errors = 0
        self.more = 0
        self._seen: set[tuple[str, str]] = set()

    def add(self, code: str, pointer: str = "", message: str = "") -> None:
        severity: Severity = "warning" if code in _WARNINGS else "info" if code in _INFOS else "error"
        if severity == "error":
            self.errors += 1
        if (code, pointer) in self._seen:
            return
        if len(self.found) >= ISSUES_LIMIT:
            self.more += 1
            return
        self._seen.add((code, pointer))
        self.found.append(Issue(code, severity, pointer, message or code.replace("_", " ").capitalize()))


def errors(issues: list[Issue]) -> list[Issue]:
    """Those that make the file invalid."""
    return [issue for issue in issues if issue.severity == "error"]
