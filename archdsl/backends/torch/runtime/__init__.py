"""What emitted files bring along: each file here is a module that runs and is typed as it stands.

The compiler never imports them. It reads them as text, and copies the definitions that a network needs, with all that
these need in turn (`brought`). An emitted file depends on torch alone, so nothing here imports from elsewhere in the
package. Annotations are evaluated, as they are in an emitted file: a definition stands after those that it names.
"""
