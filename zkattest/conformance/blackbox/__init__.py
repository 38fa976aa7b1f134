"""
Show cases of gossip to a running node that is not ours, and say which verdicts can be seen.

`context` and `sight` are about data, `run` plays one case after another, `beacon_http` and `peer`
speak to the node.
"""
