"""What becomes of each keyword of ssh_config(5): used, refused, or of no meaning here.

Complete for OpenSSH up to 10.2, with what Debian, Red Hat and Apple add. What changes which host,
key, user or way is used is used as ssh(1) does, or refused by name; it is never passed over.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

_USED = """
    addressfamily certificatefile globalknownhostsfile host hostkeyalias hostname identitiesonly
    identityagent identityfile ignoreunknown include match port proxyjump user userknownhostsfile
"""

# An SSH of its own: nothing is forwarded, no terminal, no command but mapinfra's, only keys to log
# in with, only known host keys, paramiko's algorithms; connect_timeout is the spec's. Where a
# keyword would make ssh(1) laxer (StrictHostKeyChecking no, VerifyHostKeyDNS), mapinfra isn't.
_IGNORED = """
    addkeystoagent batchmode canonicaldomains canonicalizefallbacklocal canonicalizemaxdots
    canonicalizepermittedcnames casignaturealgorithms channeltimeout checkhostip ciphers
    clearallforwardings compression connectionattempts connecttimeout controlmaster controlpath
    controlpersist dynamicforward enableescapecommandline enablesshkeysign escapechar
    exitonforwardfailure fingerprinthash forkafterauthentication forwardagent forwardx11
    forwardx11timeout forwardx11trusted gatewayports gssapiauthentication gssapiclientidentity
    gssapidelegatecredentials gssapikexalgorithms gssapikeyexchange gssapirenewalforcesrekey
    gssapiserveridentity gssapitrustdns hashknownhosts hostbasedacceptedalgorithms
    hostbasedauthentication hostkeyalgorithms ipqos kbdinteractiveauthentication
    kbdinteractivedevices kexalgorithms localcommand localforward loglevel logverbose macs
    nohostauthenticationforlocalhost numberofpasswordprompts obscurekeystroketiming
    passwordauthentication permitlocalcommand permitremoteopen proxyusefdpass
    pubkeyacceptedalgorithms rekeylimit remotecommand remoteforward requesttty requiredrsasize
    securitykeyprovider sendenv serveralivecountmax serveraliveinterval sessiontype setenv
    stdinnull streamlocalbindmask streamlocalbindunlink stricthostkeychecking syslogfacility tag
    tcpkeepalive tunnel tunneldevice updatehostkeys verifyhostkeydns versionaddendum visualhostkey
    warnweakcrypto xauthlocation

    afstokenpassing challengeresponseauthentication cipher compressionlevel dsaauthentication
    fallbacktorsh globalknownhostsfile2 hostbasedkeytypes keepalive kerberosauthentication
    kerberostgtpassing protocol protocolkeepalives pubkeyacceptedkeytypes rhostsauthentication
    rhostsrsaauthentication rsaauthentication rsaminsize setuptimeout skeyauthentication
    tisauthentication usekeychain useprivilegedport userknownhostsfile2 useroaming usersh
"""  # the second part are former names, and the distributions' own

USED = frozenset(_USED.split())
IGNORED = frozenset(_IGNORED.split())


@dataclass(frozen=True)
class Refusal:
    """Which values of a keyword change nothing, and what to do about the others."""

    harmless: Callable[[str], bool]
    remedy: str


def _one_of(*values: str) -> Callable[[str], bool]:
    return lambda value: value.lower() in values


_NONE = _one_of("none")

REFUSED: Mapping[str, Refusal] = MappingProxyType(
    {
        "bindaddress": Refusal(_one_of(), "let the system choose the address, or use ProxyJump"),
        "bindinterface": Refusal(_one_of(), "let the system choose the way, or use ProxyJump"),
        "canonicalizehostname": Refusal(
            _one_of("no", "false"), "give the whole name in ssh.host or HostName"
        ),
        "knownhostscommand": Refusal(
            _NONE, "set ssh.host_key, or keep the key in a known_hosts file"
        ),
        "pkcs11provider": Refusal(_NONE, "add the token to the agent (ssh-add -s)"),
        "preferredauthentications": Refusal(
            lambda value: "publickey" in value.lower().split(","),
            "mapinfra logs in by key only: name publickey there, too",
        ),
        "proxycommand": Refusal(_NONE, "use ProxyJump, or ssh.jump in the spec"),
        "pubkeyauthentication": Refusal(
            _one_of("yes", "true", "unbound", "host-bound"),
            "mapinfra logs in by key only: allow it",
        ),
        "refuseconnection": Refusal(_one_of(), "take it out for this host"),
        "revokedhostkeys": Refusal(_NONE, "mark the keys @revoked in known_hosts"),
        "smartcarddevice": Refusal(_NONE, "add the token to the agent (ssh-add -s)"),
    }
)

KNOWN = USED | IGNORED | REFUSED.keys()

MEANT = MappingProxyType({"identityfile2": "identityfile"})
"""Former names of what is used."""
