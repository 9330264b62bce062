"""Patients, studies and what lies under them in the subject hierarchy."""

from __future__ import annotations

from typing import Any

OURS = "VHIWorkflow"
"""Attribute of the items that were made here."""


def hierarchy_of(scene: Any) -> Any:
    """The subject hierarchy of a scene, made where there is none."""
    import slicer

    return slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)


def study_item(scene: Any, patient: str, study: str) -> int:
    """A new study under the patient of a name; a patient that was made here before is used again."""
    hierarchy = hierarchy_of(scene)
    root = hierarchy.GetSceneItemID()
    patient_item = next(
        (
            item
            for item in children(hierarchy, root)
            if hierarchy.GetItemName(item) == patient and hierarchy.HasItemAttribute(item, OURS)
        ),
        None,
    )
    if patient_item is None:
        patient_item = hierarchy.CreateSubjectItem(root, patient)
        hierarchy.SetItemAttribute(patient_item, OURS, "patient")
    item: int = hierarchy.CreateStudyItem(patient_item, study)
    hierarchy.SetItemAttribute(item, OURS, "study")
    return item


def study_of(scene: Any, node: Any) -> int | None:
    """The study or patient under which a node lies; None when it lies under none."""
    hierarchy = hierarchy_of(scene)
    item = hierarchy.GetItemByDataNode(node)
    for level in ("Study", "Patient"):
        above: int = hierarchy.GetItemAncestorAtLevel(item, level) if item else 0
        if above:
            return above
    return None


def put_under(scene: Any, item: int, node: Any) -> None:
    """Show a node under an item."""
    hierarchy = hierarchy_of(scene)
    own = hierarchy.GetItemByDataNode(node)
    if own:
        hierarchy.SetItemParent(own, item)
    else:
        hierarchy.CreateItem(item, node)


def drop_node(scene: Any, node: Any) -> None:
    """Take a node out of the scene with its display and storage nodes, and its item with all below it.

    The node goes before its item, too: Slicer then removes the item itself. Removing the item of a segmentation before
    its node has been seen to crash Slicer once the scene had been saved.
    """
    hierarchy = hierarchy_of(scene)
    item = hierarchy.GetItemByDataNode(node)
    serving = [
        node.GetNthNodeReference(role, n)
        for role in ("display", "storage")
        for n in range(node.GetNumberOfNodeReferences(role))
    ]
    scene.RemoveNode(node)  # first: 3D views of Slicer 5.12 go on using a display node that was removed before
    for served in serving:
        if served is not None and scene.IsNodePresent(served):
            scene.RemoveNode(served)
    if item and item in children(hierarchy, hierarchy.GetSceneItemID(), recursive=True):
        hierarchy.RemoveItem(item, False, True)


def drop_if_empty(scene: Any, item: int) -> None:
    """Remove an item that was made here, and the one above it, when nothing lies under them."""
    hierarchy = hierarchy_of(scene)
    while item and hierarchy.HasItemAttribute(item, OURS) and not children(hierarchy, item):
        above = hierarchy.GetItemParent(item)
        hierarchy.RemoveItem(item, False, False)
        item = above


def children(hierarchy: Any, item: int, recursive: bool = False) -> list[int]:
    """Items right under an item, or at any depth."""
    import vtk

    found = vtk.vtkIdList()
    hierarchy.GetItemChildren(item, found, recursive)
    return [found.GetId(number) for number in range(found.GetNumberOfIds())]
