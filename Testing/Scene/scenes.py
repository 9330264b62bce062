"""What tests of the scene share: counting what is in it, saving and opening it, and looking at its segments."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from VHIWorkflowLib.core.segment_kinds import CONSERVATIVE, DISEASE_REGION, NORMAL_BONE, SENSITIVE
from VHIWorkflowLib.scene.case_in_scene import CaseInScene
from VHIWorkflowLib.scene.hierarchy import hierarchy_of
from VHIWorkflowLib.scene.segments import REMOVED
from VHIWorkflowLib.scene.workflow import Workflow


def node_counts(scene: Any) -> Counter[str]:
    """Nodes of each class, and items of the subject hierarchy."""
    counts = Counter(scene.GetNthNode(number).GetClassName() for number in range(scene.GetNumberOfNodes()))
    hierarchy = hierarchy_of(scene)
    counts["items"] = hierarchy.GetNumberOfItemChildren(hierarchy.GetSceneItemID(), True)
    return counts


def delete_item(scene: Any, item: int) -> None:
    """Delete an item with all nodes below it, as Slicer's Data module does with the help of its Qt side."""
    import vtk

    hierarchy, nodes = hierarchy_of(scene), vtk.vtkCollection()
    hierarchy.GetDataNodesInBranch(item, nodes)
    found = [nodes.GetItemAsObject(number) for number in range(nodes.GetNumberOfItems())]
    for node in [*found, hierarchy.GetItemDataNode(item)]:
        if node is not None and scene.IsNodePresent(node):
            scene.RemoveNode(node)
    hierarchy.RemoveItem(item, False, True)


def all_texts(scene: Any) -> str:
    """Everything a scene would write of itself, but for the voxels."""
    scene.SetSaveToXMLString(1)
    scene.Commit()
    scene.SetSaveToXMLString(0)
    texts = [scene.GetSceneXMLString()]
    for number in range(scene.GetNumberOfNodesByClass("vtkMRMLTextNode")):
        texts.append(scene.GetNthNodeByClass(number, "vtkMRMLTextNode").GetText())
    for number in range(scene.GetNumberOfNodesByClass("vtkMRMLTableNode")):
        table = scene.GetNthNodeByClass(number, "vtkMRMLTableNode").GetTable()
        for column in range(table.GetNumberOfColumns()):
            values = table.GetColumn(column)
            texts += [str(values.GetVariantValue(row)) for row in range(values.GetNumberOfValues())]
    return "\n".join(texts)


def assert_scene_shows(workflow: Workflow) -> None:
    """The segments hold what the case holds, bit by bit."""
    case = workflow.case
    assert case is not None
    opened, reading = case.open_case, case.open_case.reading
    nothing = np.zeros(opened.stir.grid.shape, dtype=bool)
    cleaned = nothing if reading is None else reading.session.mask()
    expected = {
        NORMAL_BONE: nothing if opened.normal_bone is None else opened.normal_bone,
        DISEASE_REGION: nothing if opened.disease_region is None else opened.disease_region,
        SENSITIVE: cleaned,
        CONSERVATIVE: nothing if reading is None else reading.session.conservative_mask(),
        REMOVED: nothing if reading is None else reading.case.mask() & ~cleaned,
    }
    for kind, mask in expected.items():
        np.testing.assert_array_equal(case.segments.mask_of(kind), mask, err_msg=kind.name)


def segment_bytes(case: CaseInScene) -> dict[str, bytes]:
    """The voxels of every segment."""
    kinds = (NORMAL_BONE, DISEASE_REGION, SENSITIVE, CONSERVATIVE, REMOVED)
    return {kind.name: case.segments.mask_of(kind).tobytes() for kind in kinds}


def saved_and_opened(scene: Any, path: Path) -> Any:
    """The scene as it is after saving it as .mrb and opening that in a program that has just started."""
    import slicer

    assert scene.WriteToMRB(str(path))
    opened, cache, manager = slicer.vtkMRMLScene(), slicer.vtkCacheManager(), slicer.vtkDataIOManager()
    cache.SetRemoteCacheDirectory(str(path.parent / "cache"))
    manager.SetCacheManager(cache)
    opened.SetCacheManager(cache)
    opened.SetDataIOManager(manager)
    assert opened.ReadFromMRB(str(path), True)
    return opened
