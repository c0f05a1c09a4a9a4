"""The health-data guard: does this file, or this terminal, carry data of patients out of the hospital?

    examine(stream, name, limits) -> Verdict      a file that leaves, read once from front to back     (examine.py)
    TextGuard().feed(bytes) ; .verdict()          what a terminal shows, as it comes                   (terminal.py)
    Verdict(findings, complete), Finding, Limits                                                       (verdict.py)

A file may leave by itself only when `verdict.clean`: nothing was found *and* everything was looked at. A verdict names
what was found, where and how often. It never holds the data, nor the names of archive members (which often are
patients' names): a member is told by its position, "backup.zip › 3 › 1" is the first member of the third.

Looked for:
- DICOM: `DICM` and the file meta group anywhere (so in disc images too), data sets without preamble at the start of a
  file, DICOM in JSON and XML; with the patient tags (group 0010) that are filled;
- HL7 v2: MSH with any delimiters followed by segments about a patient; a filled PID standing alone;
- FHIR resources about a patient in JSON or XML, bundles, CDA R2 documents;
- French identity numbers (NIR, INS) with a valid key, Corsica included, written in one piece or in groups.
In UTF-8, Latin-1 and UTF-16 alike. zip (also self-extracting), tar, gz, bz2, xz and zstd are opened, nested too.

Not seen, and not promised: text inside PDF and images, numbers written without their key or as base64, a data set
whose author hides it on purpose. Of random 15-digit numbers, one in two hundred looks like an identity number.
What cannot be opened (7z, rar, cab…, damaged), is encrypted, or grows past the limits is a finding of its own.

Memory does not grow with the file: windows of 128 KiB, plus the dictionary of each open compression (64 MiB at most).

Reading order: verdict; what is looked for (numbers, messages, dicom, scanner); where (reader, packing, unpack, zips,
tars, examine); terminal.
"""
