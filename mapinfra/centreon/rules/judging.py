"""The vendor's rules on versions, applied to a situation. Nothing here reads or changes a host."""

from collections.abc import Callable, Iterator

from mapinfra.centreon.rules import compatibility, extra_steps
from mapinfra.centreon.rules.situation import Situation
from mapinfra.centreon.rules.verdict import Action, Block, Finding, Note, Verdict

RULES: tuple[Callable[[Situation], Iterator[Finding]], ...] = (
    compatibility.known_line,
    compatibility.offered_edition,
    compatibility.legacy_left,
    compatibility.downgrade,
    compatibility.release_notes_gate,
    compatibility.first_step,
    compatibility.central,
    compatibility.web_client,
    compatibility.system,
    compatibility.database_server,
    compatibility.java,
    compatibility.broker_protocol,
    extra_steps.keystore,
    extra_steps.signing_key,
    extra_steps.tomcat,
    extra_steps.shared_snippet,
    extra_steps.dialect,
    extra_steps.pb_messages,
    extra_steps.configure,
    extra_steps.overwritten,
)
"""Every rule, in the order in which a verdict tells them."""


def judge(situation: Situation) -> Verdict:
    """Return what every rule finds. Where nothing is to change, nothing blocks: it is noted."""
    findings = [finding for rule in RULES for finding in rule(situation)]
    blocks = tuple(found for found in findings if isinstance(found, Block))
    notes = tuple(found for found in findings if isinstance(found, Note))
    actions = tuple(found for found in findings if isinstance(found, Action))
    if situation.installed != situation.target:
        return Verdict(blocks, notes, actions)
    return Verdict((), tuple(Note(b.rule, str(b), b.source) for b in blocks) + notes, actions)
