"""Replaying a recording: when each frame is due (`schedule`), and what goes out next (`player`)."""
