"""The terminals: who they are (admit, registry), what they should know (roster), what they send up (templates)."""
