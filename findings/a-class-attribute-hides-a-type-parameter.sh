#!/usr/bin/env bash
# What the annotation of a generic method means, where its class has an attribute of the type parameter's name.
#
# Guess: the type parameter, which is the nearer scope; that is what the body of the method sees.
# Really: the class's attribute since Python 3.14, where an annotation is evaluated on demand: what reads the
#   annotations of `def f[T](self, x: T)` (validation, dependency injection) gets another type. On 3.13 it
#   hangs on the body: the attribute if the body mentions T, else the type parameter. The value of a generic
#   `type` statement means the attribute on both.
# For us: such a name counts as a reader of both variables, whatever version the tools run on.
#
# Needs python3.14 on PATH, or its path as the first argument; python3.13 likewise as the second, if there is one.
set -euo pipefail
newer=${1:-python3.14}
older=${2:-$(command -v python3.13 || true)}
program='
import sys
class C:
    T = int
    def f[T](self, x: T): ...
    def g[T](self, x: T): return T
    type A[T] = list[T]
(own,) = C.f.__type_params__
shown = C.f.__annotations__["x"], C.g.__annotations__["x"], C.A.__value__, C().g(1)
print(sys.version.split()[0], "annotations of f and g, alias, body of g:", shown)
late = sys.version_info >= (3, 14)
assert shown[:3] == (int if late else own, int, list[int])
assert type(shown[3]).__name__ == "TypeVar"
'
"$newer" -c "$program"
if [ -n "$older" ]; then "$older" -c "$program"; fi
