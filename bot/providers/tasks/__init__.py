"""The dialect `tasks`: images are uploaded, a task is submitted, then polled or announced by a callback."""
