"""The hospital's rules: who may do what, to which device, and what must hold meanwhile. Default deny.

A caller describes one wish as a `Query` (`model.py`) and gets a `Decision`: yes or no, the deciding rules with a
sentence in English and French, and the obligations (how many approvals, how long, watched, recorded).

    engine = PolicyEngine(load(None))        # None: the library shipped here
    decision = engine.decide(query)          # never raises; whatever goes wrong is a no

The rules are written in Cedar (docs.cedarpolicy.com) and stand in `library/*.cedar`. A hospital that wants its own
puts `*.cedar` files and an `examples.toml` in a directory and names it: that directory *replaces* the library, it adds
nothing to it, so that what is in force can be read in one place. Copy `library/` to start. The schema is not theirs
to change: it says what the engine tells the rules, so the shipped one always applies.

A set of rules is taken only as a whole, and only if it keeps its word:
- every rule validates against `library/schema.cedarschema`;
- every rule has a unique `@id` and the annotations `@sentence_en` and `@sentence_fr`;
- its obligations are well formed (`obligations.py` lists them), and stand on permits only;
- `examples.toml` holds real requests with the expected answer, every one comes out so, and every rule decides in one.
Otherwise `load` raises `PolicyProblem`, whose sentences say what to mend, and the caller keeps the set it has.

Two things no rule can lower (`obligations.raise_to_floor`): a device of the highest criticality needs two approvals
(R-22), and everything is recorded.

Reading order: model → obligations → entities → engine → rules → examples → loader.
"""
