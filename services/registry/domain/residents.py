"""Residents: persons of the register, and how they belong to households.

A person lives in one household and is registered in one; the two may differ (人户分离), and either
may lie outside this register.  What a person is to a householder is said of the household in which
the person lives, and of the registered one where the person lives elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal
from uuid import UUID

#: The nine groups of GB/T 4761 (family relations), in its order.
Relation = Literal[
    "householder",
    "spouse",
    "son",
    "daughter",
    "grandchild",
    "parent",
    "grandparent",
    "sibling",
    "other",
]
HOUSEHOLDER: Relation = "householder"
ResidenceType = Literal["own", "rent", "lodge"]

#: How municipal sheets write it.
RELATION_NAMES: Mapping[str, Relation] = {
    "户主": "householder",
    "本人": "householder",
    "本人或户主": "householder",
    "配偶": "spouse",
    "夫": "spouse",
    "妻": "spouse",
    "丈夫": "spouse",
    "妻子": "spouse",
    "子": "son",
    "儿子": "son",
    "长子": "son",
    "次子": "son",
    "独生子": "son",
    "女": "daughter",
    "女儿": "daughter",
    "长女": "daughter",
    "次女": "daughter",
    "独生女": "daughter",
    "孙子": "grandchild",
    "孙女": "grandchild",
    "外孙": "grandchild",
    "外孙女": "grandchild",
    "孙子女": "grandchild",
    "父": "parent",
    "母": "parent",
    "父亲": "parent",
    "母亲": "parent",
    "父母": "parent",
    "岳父": "parent",
    "岳母": "parent",
    "公公": "parent",
    "婆婆": "parent",
    "祖父": "grandparent",
    "祖母": "grandparent",
    "外祖父": "grandparent",
    "外祖母": "grandparent",
    "祖父母": "grandparent",
    "兄": "sibling",
    "弟": "sibling",
    "姐": "sibling",
    "妹": "sibling",
    "兄弟姐妹": "sibling",
    "其他": "other",
    "其它": "other",
    "非亲属": "other",
}
RESIDENCE_TYPE_NAMES: Mapping[str, ResidenceType] = {
    "自住": "own",
    "自有": "own",
    "租住": "rent",
    "租赁": "rent",
    "租房": "rent",
    "寄住": "lodge",
    "借住": "lodge",
}
SEX_NAMES: Mapping[str, Literal["male", "female"]] = {"男": "male", "女": "female"}


def is_registered_elsewhere(
    lives_in: UUID | None, registered_in: UUID | None, stated: bool | None
) -> bool | None:
    """Tell whether a person is registered elsewhere than they live; None when it is not known.

    Two known households decide; otherwise what was stated counts: a household that this register
    does not hold.
    """
    if lives_in is not None and registered_in is not None:
        return lives_in != registered_in
    return True if lives_in is None else stated
