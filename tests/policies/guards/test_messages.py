import json

import pytest

from policies.guards.verdict import FindingKind
from tests.policies.guards.samples import ACK, CDA, FHIR, FHIR_XML, HL7, kinds, look, only

PID = "PID|1||123456^^^HOP^PI||DUPONT^JEANNE||19700101|F"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize(
    "message",
    [
        HL7,
        "\x0b" + HL7 + "\x1c\r",  # MLLP
        HL7.replace("\r", "\n"),
        HL7.replace("\r", "\r\n"),
        json.dumps({"message": HL7}),
        "<v>" + HL7.replace("&", "&amp;").replace("\r", "&#xD;") + "</v>",
        HL7.replace("|", "$"),  # delimiters are the sender's to choose
        "FHS|^~\\&|x\rBHS|^~\\&|x\r" + HL7,
        "2026-11-26 04:12:01 recv: " + HL7.replace("\r", "\\r"),
    ],
)
def test_hl7_about_a_patient_is_found(message: str, encoding: str):
    finding = only(message.encode(encoding))
    assert (finding.kind, finding.count, finding.evidence) == (FindingKind.HL7, 1, "segments MSH OBX PID PV1")


def test_hl7_messages_are_counted():
    assert only((HL7 * 7).encode()).count == 7


def test_an_acknowledgement_says_nothing_about_a_patient():
    assert look((ACK * 100).encode()).clean


def test_a_message_that_follows_acknowledgements_far_away():
    data = ACK.encode() + b" " * 400_000 + HL7.encode()
    assert only(data).evidence == "segments MSH OBX PID PV1"


def test_a_segment_before_any_header_does_not_count():
    assert look(b"OBX|1|NM|GLU||5.4\r" + ACK.encode()).clean
    assert look(b"OBX|1|NM|GLU||5.4\r" + b" " * 300_000 + ACK.encode()).clean


def test_a_pid_segment_alone_is_found():
    finding = only(f"2026-11-26 parsed: {PID}\n".encode())
    assert (finding.kind, finding.evidence) == (FindingKind.HL7, "segments PID")


@pytest.mark.parametrize("text", ["PID|USER|PR|NI|VIRT|RES|", "PID|1|x|y|z|a|", "SPID|PID|1||||||", "MSH|abc|PID|1"])
def test_process_lists_are_no_hl7(text: str):
    assert look(f"{text}\n".encode() * 20).clean


@pytest.mark.parametrize(
    ("text", "evidence"),
    [
        (FHIR, "resources Patient 1"),
        (FHIR.replace('"', '\\"'), "resources Patient 1"),
        (json.dumps({"resourceType": "Observation"}, indent=4), "resources Observation 1"),
        ('{"resourceType"\n:\n"Bundle"}', "resources Bundle 1"),
        (FHIR_XML, "resources Patient 1"),
        ('<f:Bundle xmlns:x="urn:x"\n xmlns:f="http://hl7.org/fhir">', "resources Bundle 1"),
        ("<Observation xmlns='http://hl7.org/fhir'>", "resources Observation 1"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_fhir_is_found(text: str, evidence: str, encoding: str):
    finding = only(text.encode(encoding))
    assert (finding.kind, finding.evidence) == (FindingKind.FHIR, evidence)


def test_resources_are_counted_by_type():
    lines = "\n".join([FHIR] * 3 + ['{"resourceType":"Observation"}'] * 5)
    assert only(lines.encode()).evidence == "resources Observation 5, Patient 3"


@pytest.mark.parametrize(
    "text",
    [
        '{"resourceType": "CapabilityStatement"}',
        '{"resourceType": "Device"}',
        '{"resource": "Patient"}',
        '<Device xmlns="http://hl7.org/fhir">',
        'xmlns="http://hl7.org/fhir"',
        "<patient><name/></patient>",
    ],
)
def test_what_is_not_about_a_patient_is_not_taken_for_fhir(text: str):
    assert look(text.encode()).clean


@pytest.mark.parametrize("text", [CDA, CDA.replace("<Clin", "<n1:Clin"), "<ClinicalDocument>"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_cda_is_found(text: str, encoding: str):
    assert kinds(text.encode(encoding)) == {FindingKind.CDA}


@pytest.mark.parametrize(
    "text", ['<xs:element name="ClinicalDocument"/>', "a ClinicalDocument is", "<ClinicalDocuments>"]
)
def test_a_mention_is_no_cda(text: str):
    assert look(text.encode()).clean


@pytest.mark.parametrize(
    "text",
    [
        '{"00100010": {"vr": "PN", "Value": [{"Alphabetic": "DUPONT^JEANNE"}]}}',
        '<DicomAttribute keyword="PatientName" tag="00100010" vr="PN">',
    ],
)
def test_dicom_as_text_is_found(text: str):
    finding = only(text.encode())
    assert (finding.kind, finding.evidence) == (FindingKind.DICOM, "tags 0010,0010")
