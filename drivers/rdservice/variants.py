"""The pretended registered devices: how vendors' services differ in what they answer."""

VARIANTS = {
    "mantra": "paths /rd/info and /rd/capture; says −1509 once before it captures",
    "morpho": "host and port inside the paths: /127.0.0.1:11100/capture",
    "startek": "whole addresses instead of paths",
    "tls": "like mantra, over TLS with a certificate of its own",
    "notready": "no device is plugged in: NOTREADY, and 720 for a capture",
}
