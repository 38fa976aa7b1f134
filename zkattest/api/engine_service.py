"""Put the dialects of a proof engine together: one application, one document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import trio
from pydantic import BaseModel
from starlette.types import ASGIApp

from zkattest.api import beacon, json_rpc, openapi, zkboost
from zkattest.api.application import Gate, application
from zkattest.api.operations import Operation
from zkattest.api.twirp import TwirpError, TwirpRoutes, TwirpSettings
from zkattest.ports import GuestWorker, ProofEngine
from zkattest.types.proof_profiles import ProofProfile

_MODELS: Final[tuple[type[BaseModel], ...]] = (
    beacon.SignedExecutionProofEnvelope,
    json_rpc.ExecutionProofV1,
    json_rpc.RpcRequest,
    json_rpc.RpcResponse,
    json_rpc.VerifyOptions,
    json_rpc.VerifyResult,
    TwirpError,
    zkboost.NumberedProofType,
    zkboost.ZkboostProofTypesResponse,
)


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """Hold what the dialects can be told."""

    rpc: json_rpc.RpcSettings = field(default_factory=json_rpc.RpcSettings)
    zkboost: zkboost.ZkboostSettings = field(default_factory=zkboost.ZkboostSettings)
    twirp: TwirpSettings = field(default_factory=TwirpSettings)


def engine_operations(
    engine: ProofEngine,
    profile: ProofProfile,
    settings: ServiceSettings,
    gate: Gate,
    draining: trio.Event,
    worker: GuestWorker | None = None,
) -> tuple[Operation, ...]:
    """Describe everything that an engine can be asked."""
    zkboost_routes = zkboost.ZkboostRoutes(
        engine, profile, settings.zkboost, gate.streams, draining
    )
    return (
        *json_rpc.RpcRoutes(engine, settings.rpc).operations(),
        *beacon.BeaconRoutes(engine, profile).operations(),
        *zkboost_routes.operations(),
        *TwirpRoutes(engine, settings.twirp, worker).operations(),
    )


def engine_application(operations: Sequence[Operation], gate: Gate, version: str) -> ASGIApp:
    """Make the application of operations, and serve the document that describes them."""
    described = openapi.document(
        operations, version=version, has_token=gate.token is not None, models=_MODELS
    )
    served = openapi.document_operation(openapi.as_json(described))
    return application([*operations, served], gate)
