"""Holds an object that the sandbox returned against the types of the official SDK.

The SDK's classes annotate every field; nothing at run time checks them. This does: a field that the class requires must be
there, a field that it does not know must not, and every value must be of the annotated type, all the way down.
"""

import sys
import typing

import stripe

MISSING = object()


def deviations(value, cls, path=None):
    """Every place where the StripeObject `value` is not what `cls` promises."""
    path = path or cls.__name__
    fields = annotations(cls)
    raw = value.to_dict(recursive=False) if isinstance(value, stripe.StripeObject) else value
    for name in raw:
        if name not in fields:
            yield f"{path}.{name} is unknown to the SDK"
    for name, annotation in fields.items():
        found = raw[name] if name in raw else MISSING
        if found is MISSING:
            if not optional(annotation):
                yield f"{path}.{name} is missing"
        elif not fits(found, annotation, cls):
            yield f"{path}.{name} is {found!r}, not {annotation}"
        else:
            yield from within(found, annotation, f"{path}.{name}", cls)


def annotations(cls):
    own = {}
    for base in reversed(cls.__mro__):
        if base.__module__.startswith("stripe") and base not in (stripe.StripeObject, stripe.APIResource):
            own.update(base.__dict__.get("__annotations__", {}))
    return {name: annotation for name, annotation in own.items() if not name.startswith("_") and name != "OBJECT_NAME"
            and typing.get_origin(annotation) is not typing.ClassVar}


def optional(annotation):
    return type(None) in typing.get_args(annotation)


def resolved(annotation, cls):
    """The class behind a quoted name: nested in the same module, or exported by the SDK."""
    if not isinstance(annotation, typing.ForwardRef):
        return annotation
    # `CardResource` is what the SDK calls `stripe.Card` where a nested class is named `Card` too.
    name = annotation.__forward_arg__.removesuffix("Resource")
    scope = sys.modules[cls.__module__]
    for part in name.split("."):
        scope = getattr(scope, part, None) or getattr(cls, part, None) or getattr(stripe, part, None)
    return scope


def fits(value, annotation, cls):
    quoted, annotation = annotation, resolved(annotation, cls)
    if annotation is None:
        raise TypeError(f"{cls.__name__}: {quoted} could not be resolved")
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Union:
        return any(fits(value, argument, cls) for argument in arguments)
    if origin is typing.Literal:
        return value in arguments
    if origin is list:
        return isinstance(value, list) and all(fits(item, arguments[0], cls) for item in value)
    if origin is dict:
        return isinstance(value, (dict, stripe.StripeObject))
    if annotation in (typing.Any, object):
        return True
    if isinstance(origin, type) and issubclass(origin, stripe.StripeObject):
        return isinstance(value, (dict, stripe.StripeObject))
    if isinstance(annotation, type) and issubclass(annotation, stripe.StripeObject):
        return isinstance(value, (dict, stripe.StripeObject))
    if annotation is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, annotation)


def within(value, annotation, path, cls):
    """Goes down into objects of a known class."""
    for candidate in (annotation, *typing.get_args(annotation)):
        known = resolved(candidate, cls)
        if isinstance(known, type) and issubclass(known, stripe.StripeObject) and known is not stripe.StripeObject:
            if isinstance(value, (dict, stripe.StripeObject)):
                yield from deviations(value, known, path)
                return
