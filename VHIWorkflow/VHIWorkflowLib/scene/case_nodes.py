"""The nodes of one case: kept together by a text node, under one study of the subject hierarchy."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .hierarchy import drop_if_empty, drop_node, put_under, study_item, study_of

HUB = "VHIWorkflow.case"
"""Attribute of the text node that keeps a case together; its node references name the others by their roles."""
OWN = "VHIWorkflow.own"
"""Attribute of nodes that were made here, and go with the case."""

Document = dict[str, Any]


class CaseNodes:
    """Nodes by role ("stir", "t1w", "segmentation", ...).

    Parameters
    ----------
    scene
        vtkMRMLScene.
    title
        Start of the names of all nodes.
    patient, study
        Under which names they lie in the subject hierarchy.
    beside
        A node of the reader's; where it lies under a study or a patient, the case's nodes come there too.
    """

    def __init__(self, scene: Any, title: str, patient: str, study: str, beside: Any = None) -> None:
        self.scene = scene
        self.title = title
        self._names = patient, study
        self._ids: dict[str, str] = {}
        under = None if beside is None else study_of(scene, beside)
        self._item: int = study_item(scene, patient, study) if under is None else under
        self._hub = self._add_hub()

    @classmethod
    def found_in(cls, scene: Any) -> list[tuple[CaseNodes, Document]]:
        """The cases that a scene which was opened holds, with what `describe` kept of each."""
        found = []
        for number in range(scene.GetNumberOfNodesByClass("vtkMRMLTextNode")):
            hub = scene.GetNthNodeByClass(number, "vtkMRMLTextNode")
            if hub.GetAttribute(HUB) is not None:
                document = _read(hub.GetText())
                if document is not None:
                    found.append((cls._adopted(scene, hub, document), document))
        return found

    @classmethod
    def _adopted(cls, scene: Any, hub: Any, document: Document) -> CaseNodes:
        nodes = cls.__new__(cls)
        nodes.scene, nodes.title, nodes._hub = scene, document["title"], hub
        nodes._names = document["patient"], document["study"]
        nodes._ids = {}
        for place in range(hub.GetNumberOfNodeReferenceRoles()):
            role = hub.GetNthNodeReferenceRole(place)
            node = hub.GetNodeReference(role)
            if role not in ("display", "storage") and node is not None:
                nodes._ids[role] = node.GetID()
        item = study_of(scene, hub)
        nodes._item = study_item(scene, *nodes._names) if item is None else item
        return nodes

    def holds(self, node: Any) -> bool:
        """Whether a node is one of these, also when it was just removed from the scene."""
        return node.GetID() in self._ids.values() or node is self._hub

    def get(self, role: str) -> Any:
        """Node of a role; None when it is not in the scene."""
        identifier = self._ids.get(role)
        return None if identifier is None else self.scene.GetNodeByID(identifier)

    def put(self, role: str, node: Any, *, own: bool = True, hidden: bool = False) -> Any:
        """Take a node in, hidden in Slicer's lists where a reader has no use for it, and return it.

        A node that is not our own stays where it is, also in the end.
        """
        self._ids[role] = node.GetID()
        if own:
            node.SetAttribute(OWN, "1")
            node.SetHideFromEditors(hidden)
            put_under(self.scene, self._item, node)
        self._refer()
        return node

    def name(self, what: str) -> str:
        """Name of a node: the title and what it is."""
        return f"{self.title} {what}".strip()

    def describe(self, document: Mapping[str, Any]) -> None:
        """Keep in the scene what it takes to go on with the case when the scene is opened again."""
        patient, study = self._names
        whole = {
            "title": self.title,
            "patient": patient,
            "study": study,
            **document,
        }
        self._refer()
        self._hub.SetText(json.dumps(whole, ensure_ascii=False))

    def keep_text(self, role: str, text: str) -> None:
        """Keep a text in a node of its own."""
        node = self.get(role)
        if node is None:
            node = self.put(role, self.scene.AddNewNodeByClass("vtkMRMLTextNode", self.name(role)), hidden=True)
        node.SetText(text)

    def remove(self) -> None:
        """Take the nodes out of the scene, but for those that are not our own."""
        for role in self._ids:
            node = self.get(role)
            if node is not None and node.GetAttribute(OWN) is not None:
                drop_node(self.scene, node)
        if self.scene.IsNodePresent(self._hub):
            drop_node(self.scene, self._hub)
        drop_if_empty(self.scene, self._item)
        self._ids.clear()

    def _add_hub(self) -> Any:
        hub = self.scene.AddNewNodeByClass("vtkMRMLTextNode", self.name("reading"))
        hub.SetAttribute(HUB, "1")
        hub.SetHideFromEditors(True)
        put_under(self.scene, self._item, hub)
        return hub

    def _refer(self) -> None:
        if not self.scene.IsNodePresent(self._hub):
            self._hub = self._add_hub()
        for role, identifier in self._ids.items():
            self._hub.SetNodeReferenceID(role, identifier)


def _read(text: str | None) -> Document | None:
    try:
        document = json.loads(text or "")
    except ValueError:
        return None
    needed = {"title", "patient", "study", "out", "reader", "list"}
    if not isinstance(document, dict) or not needed <= document.keys():
        return None
    return (
        document if {"position", "seed"} <= document.keys() or {"key", "files", "origins"} <= document.keys() else None
    )
