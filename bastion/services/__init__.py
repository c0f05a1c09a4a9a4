"""The use cases: one class per file, one method per use case, one transaction per method.

The order inside a method is always the same: load, authorise, decide, save with its audit event, hint.
The first parameter is the actor. What an actor may not see does not exist for him (`NotFound`).
"""
