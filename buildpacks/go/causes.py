"""Why the steps of Go apps fail: regular expressions for their last lines, and what to tell."""

CAUSES = (
    (
        r'^([^\n]{1,100} asks for Go [^\n]{1,40}, and there is no such version)',
        r'\g<1>\nCorrect it in go.mod, and commit it.',
    ),
    (
        r'missing go\.sum entry for|go: updates to go\.(?:mod|sum) needed|missing go\.sum entries',
        'go.mod or go.sum does not fit the code\nRun "go mod tidy" and commit go.mod and go.sum.',
    ),
    (
        r'inconsistent vendoring in',
        'the vendor directory does not match go.mod\nRun "go mod vendor" and commit vendor/, or delete it: modules are downloaded then.',
    ),
    (
        r'no required module provides package ([^\s;]{1,200})',
        r'no module of go.mod has the package \g<1>\nRun "go mod tidy" and commit go.mod and go.sum.',
    ),
    (
        r'cannot find module providing package ([^\s:]{1,200})|cannot find package "\." in:\s+/app/src/vendor/(\S{1,200})',
        r'no module has the package \g<1>\g<2>\nCorrect the import, or run "go mod tidy" (and "go mod vendor") and commit the result.',
    ),
    (
        r'requires go >= (\S{1,20})',
        r'a module needs Go \g<1>, which is newer than the one of go.mod\nRun "go get go@\g<1>" and commit go.mod.',
    ),
    (
        r'errors parsing go\.mod:\s*\n([^\n]{1,300})',
        r'go.mod cannot be read: \g<1>\nCorrect the line and commit it.',
    ),
    (
        r'verifying (\S{1,200}): checksum mismatch',
        r'the module \g<1> is not the one that go.sum names\nFind out why before anything else: "go mod verify"; only then "go mod tidy".',
    ),
    (
        r'unknown revision (\S{1,100})',
        r'a module has no version \g<1>\nCorrect it in go.mod, run "go mod tidy" and commit both files.',
    ),
    (
        r'(\S{1,200}@\S{1,100}): (?:reading \S{1,300}|invalid version|unrecognized import path)[^\n]*(?:: 4\d\d |not found)',
        r'there is no module \g<1> that can be reached\nCorrect it in go.mod; for a private one commit a vendor directory ("go mod vendor").',
    ),
    (
        r'package (\S{1,200}) is not in (?:GOROOT|std)',
        r'there is no package \g<1>\nCorrect the import; a package of the app begins with the module of go.mod.',
    ),
    (
        r'no Go files in|matched no packages|directory not found',
        'what is to be installed is not there\nCorrect "// +heroku install" in go.mod.',
    ),
    (
        r'^# \S{1,200}$',
        'the code does not compile\nIts errors are above; "go build ./..." at home shows the same.',
    ),
)
