from bastion.domain.importing import Register
from bastion.services.import_columns import columns
from web import import_words


def test_every_register_and_column_has_a_word():
    assert import_words.REGISTERS.keys() == set(Register) == import_words.EXAMPLES.keys()
    assert {name for register in Register for name in columns(register)} == import_words.COLUMNS.keys()
