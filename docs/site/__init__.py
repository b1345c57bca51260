"""The documentation as a site: `python -m docs.site` gathers the pages, makes the API reference and the poster, builds.

Every page has one home, where it is edited: docs/, the README of a room, or the root. What is only for the site (the
navigation, the reference made from the OpenAPI document, the printed poster) is made here, into build/docs.
"""
