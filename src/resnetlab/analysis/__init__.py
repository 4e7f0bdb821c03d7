"""Looks inside any `nn.Module`, ours, torchvision's, timm's or your own, and leaves nothing behind on it.

What a network computes (`record_graph`, `find_residual_additions`, `find_junctions`), which kind of network that
makes it (`read_network`) and what is odd about it (`find_findings`); what it is made of (`outline`), costs
(`measure_complexity`) and sees (`measure_receptive_field`, `receptive_field_mask`), what goes through it
(`probe_signal`, `probe_gradients`, and `Probe` around a training step), what it can do without (`without_branches`,
`without_skips`, `lesioned`, `shuffled`), which paths its gradient takes (`path_gradients`) and how fast that shatters
(`gradient_autocorrelation`), and whether all of it is healthy (`look_at_health`, `judge`). Results are frozen
dataclasses: `dataclasses.asdict` makes them ready for JSON.
"""

from resnetlab.analysis.blocks import find_blocks, removable_blocks
from resnetlab.analysis.complexity import (
    Complexity,
    LayerCost,
    count_macs,
    count_parameters,
    measure_complexity,
)
from resnetlab.analysis.findings import Finding
from resnetlab.analysis.fingerprint import fingerprint
from resnetlab.analysis.gradient_mask import mask_extent, receptive_field_mask
from resnetlab.analysis.gradients import GradientReport, LayerGradient, probe_gradients, read_gradients
from resnetlab.analysis.graph import Graph, Operation
from resnetlab.analysis.health import HealthFinding
from resnetlab.analysis.health_judgement import judge
from resnetlab.analysis.health_look import HealthLook, look_at_health
from resnetlab.analysis.health_structure import Structure, read_structure
from resnetlab.analysis.junctions import Junction, find_junctions, without_branches, without_skips
from resnetlab.analysis.lesions import lesioned, reestimate_batchnorm, shuffled
from resnetlab.analysis.network_findings import find_findings
from resnetlab.analysis.network_form import NetworkForm, read_network
from resnetlab.analysis.outline import BlockOutline, StageOutline, outline
from resnetlab.analysis.paths import (
    PathGradient,
    ResidualStep,
    gradient_by_path_length,
    path_length_distribution,
    share_of_paths,
)
from resnetlab.analysis.probe import Probe
from resnetlab.analysis.receptive_field import LayerField, ReceptiveFields, measure_receptive_field
from resnetlab.analysis.recording import record_graph
from resnetlab.analysis.residual_additions import ResidualAddition, find_residual_additions
from resnetlab.analysis.sampling import Sample
from resnetlab.analysis.shattering import (
    Autocorrelation,
    autocorrelation,
    gradient_autocorrelation,
    input_gradients,
)
from resnetlab.analysis.signal import LayerSignal, SignalReport, probe_signal, read_signal
from resnetlab.analysis.unfolding import path_gradients
from resnetlab.analysis.untouched import preserved

__all__ = [
    "Autocorrelation",
    "BlockOutline",
    "Complexity",
    "Finding",
    "GradientReport",
    "Graph",
    "HealthFinding",
    "HealthLook",
    "Junction",
    "LayerCost",
    "LayerField",
    "LayerGradient",
    "LayerSignal",
    "NetworkForm",
    "Operation",
    "PathGradient",
    "Probe",
    "ReceptiveFields",
    "ResidualAddition",
    "ResidualStep",
    "Sample",
    "SignalReport",
    "StageOutline",
    "Structure",
    "autocorrelation",
    "count_macs",
    "count_parameters",
    "find_blocks",
    "find_findings",
    "find_junctions",
    "find_residual_additions",
    "fingerprint",
    "gradient_autocorrelation",
    "gradient_by_path_length",
    "input_gradients",
    "judge",
    "lesioned",
    "look_at_health",
    "mask_extent",
    "measure_complexity",
    "measure_receptive_field",
    "outline",
    "path_gradients",
    "path_length_distribution",
    "preserved",
    "probe_gradients",
    "probe_signal",
    "read_gradients",
    "read_network",
    "read_signal",
    "read_structure",
    "receptive_field_mask",
    "record_graph",
    "reestimate_batchnorm",
    "removable_blocks",
    "share_of_paths",
    "shuffled",
    "without_branches",
    "without_skips",
]
