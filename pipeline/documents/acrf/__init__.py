"""The annotated case report form: every form as the site sees it, and beside each field the variable that holds it.

``facts`` is what comes in, ``document.annotated_crf`` the door. Of a form's layout nothing is stored: labels, kinds and
codes decide it. "Serious: death" and "Serious: cancer" are boxes of one question; rows such as "Right knee: tender",
"Right knee: swollen" become a table.
"""
