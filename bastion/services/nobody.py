"""Why a request waits, or would wait, for nobody: sentences for whoever looks, in English."""

from typing import Final

from bastion.i18n import N_

NOBODY: Final = N_(
    "Nobody at this hospital can decide on this device at the moment. Call its administrator, who names somebody."
)
TOO_FEW: Final = N_(
    "Nobody can open this today: more people would have to agree than may decide here. Tell the administrator."
)
NOBODY_LEFT: Final = N_(
    "Nobody is left at the moment who can give the missing agreement. Call the administrator of the hospital, who "
    "names somebody."
)
NOBODY_MAY_AGREE: Final = N_(
    "Nobody can agree to this request: whoever is named for its patient data does not answer for them at that time. "
    "Call the hospital, or take it back and ask anew, naming somebody who does."
)
