"""Where a technician is until his session is open: menu, request, waiting, recording notice. Text only, any terminal.

`terminal` turns keys into lines, `screens` makes the text, `lobby` leads from one to the next.
"""
