"""Why the steps of Go apps fail: regular expressions for their last lines, and what to tell."""

CAUSES = (
    (
        r'^([^\n]{1,100} asks for Go [^\n]{1,40}, and there is no such version)',
        r'\g<1>\nCorrect it there, and push again.',
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
        r'no module of go.mod has the package \g<1>\nRun "go mod tidy" and commit go.mod and go.sum; if it is a directory of the app, commit that (.gitignore may name it).',
    ),
    (
        r'cannot find module providing package ([^\s:]{1,200})|cannot find package "\." in:\s+/app/src/vendor/(\S{1,200})',
        r'no module has the package \g<1>\g<2>\nCorrect the import, or run "go mod tidy" (and "go mod vendor") and commit the result.',
    ),
    (
        r'go\.mod requires go >= (\S{1,20})',
        r'the line "go" of go.mod asks for Go \g<1> or newer, and an older one was chosen\nCorrect it where it is asked for ("Using" above names the place).',
    ),
    (
        r'requires go >= (\S{1,20})',
        r'a module needs Go \g<1>, which is newer than the one of go.mod\nRun "go get go@\g<1>" and commit go.mod.',
    ),
    (
        r'errors parsing go\.mod:\s*\n(?:/app/src/)?([^\n]{1,300})',
        r'go.mod cannot be read: \g<1>\nCorrect the line and commit it.',
    ),
    (
        r'verifying (\S{1,200}): checksum mismatch',
        r'the module \g<1> is not the one that go.sum names\nFind out why before anything else: "go mod verify"; only then "go mod tidy".',
    ),
    (
        r'replacement directory (\S{1,200}) does not exist',
        r'go.mod takes a module from \g<1>, and there is no such directory in the build\nCommit the module below the go.mod, or take the line "replace" out.',
    ),
    (
        r'build constraints exclude all Go files in (?:/app/src)?/?(\S{0,200})',
        r'no file of the package (/\g<1>) is for Linux and the tags of this build ("heroku")\nCorrect the lines "//go:build" or the names of its files.',
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
        'what is to be installed is not there\nCorrect "// +heroku install" in go.mod, or the config var GO_INSTALL_PACKAGE_SPEC.',
    ),
    (
        r'go install has made no program of ([^\n]{1,200})',
        r'\g<1> is no program: it has no "package main"\nName one that has in "// +heroku install" of go.mod, or in the config var GO_INSTALL_PACKAGE_SPEC.',
    ),
    (
        r'^# \S{1,200}$',
        'the code does not compile\nIts errors are above; "go build ./..." at home shows the same.',
    ),
)
