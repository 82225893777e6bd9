"""The notebook widget: it shows a session and sends commands to it, and owns no label."""
