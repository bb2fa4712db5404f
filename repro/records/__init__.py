"""What is written down: frozen, typed, refusing unknown fields. SI units throughout.

Everything here can be imported without a measuring or drawing library.
"""

from repro.records.base import STAGE, BundleClass, EnergySource, Record, Status, complaint
from repro.records.environment import Environment, Instrument, ModelFacts, Origin
from repro.records.machine import DIGEST, CodeIdentity, Gpu, Image, Machine
from repro.records.readings import Reading, Trace
from repro.records.run import IdleBaseline, JournalHeader, Run, Session, SourceFile
from repro.records.scorerun import Parent, ScoreEnvironment, ScoreRun
from repro.records.scores import Contrast, DetailedScore, Networks, Score, ScoredClip
from repro.records.windows import Caption, Clip, Window, WindowEntry

__all__ = [
    "DIGEST",
    "STAGE",
    "BundleClass",
    "Caption",
    "Clip",
    "CodeIdentity",
    "Contrast",
    "DetailedScore",
    "EnergySource",
    "Environment",
    "Gpu",
    "IdleBaseline",
    "Image",
    "Instrument",
    "JournalHeader",
    "Machine",
    "ModelFacts",
    "Networks",
    "Origin",
    "Parent",
    "Reading",
    "Record",
    "Run",
    "Score",
    "ScoreEnvironment",
    "ScoreRun",
    "ScoredClip",
    "Session",
    "SourceFile",
    "Status",
    "Trace",
    "Window",
    "WindowEntry",
    "complaint",
]
