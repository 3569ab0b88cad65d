#!/bin/sh
# Takes secrets from files, then becomes the command that it is given: the file that NAME_FILE names
# holds NAME. Of others' variables only those of S3 are meant, since many end in _FILE.
set -eu

secrets='s/^(ANON_[A-Z0-9_]+|AWS_ACCESS_KEY_ID|AWS_SECRET_ACCESS_KEY)_FILE=.*/\1/p'
for name in $(env | sed -nE "$secrets"); do
    eval "file=\${${name}_FILE}"
    value=$(cat "$file")
    export "$name=$value"
    unset "${name}_FILE" value file
done

exec "$@"
