// Pushes with go-git: KEY WORK OPTIONS REFSPEC..., prints a report as JSON (see client.py).
package main

import (
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"strings"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/config"
	"github.com/go-git/go-git/v5/plumbing/transport/ssh"
	cryptossh "golang.org/x/crypto/ssh"
)

type report struct {
	OK   bool              `json:"ok"`
	Refs map[string]string `json:"refs"`
	Said string            `json:"said"`
}

// What Push returns for a ref that the server rejected: it names the first one only.
var rejected = regexp.MustCompile(`^command error on (\S+): (.*)$`)

func main() {
	key, work, options, refspecs := os.Args[1], os.Args[2], os.Args[3], os.Args[4:]
	auth, err := ssh.NewPublicKeysFromFile("git", key, "")
	fail(err)
	auth.HostKeyCallback = cryptossh.InsecureIgnoreHostKey()
	repository, err := git.PlainOpen(work)
	fail(err)
	said := &bytes.Buffer{}
	found := report{OK: true, Refs: map[string]string{}}
	asked := &git.PushOptions{RemoteName: "deploy", Auth: auth, Progress: said}
	for _, spec := range refspecs {
		asked.RefSpecs = append(asked.RefSpecs, config.RefSpec(spec))
		found.Refs[spec[strings.LastIndex(spec, ":")+1:]] = ""
	}
	if options != "" {
		asked.Options = map[string]string{}
		for _, option := range strings.Split(options, ",") {
			name, value, _ := strings.Cut(option, "=")
			asked.Options[name] = value
		}
	}
	if err := repository.Push(asked); err != nil {
		found.OK = false
		said.WriteString(err.Error())
		if parts := rejected.FindStringSubmatch(err.Error()); parts != nil {
			found.Refs[parts[1]] = parts[2]
		}
	}
	found.Said = said.String()
	fail(json.NewEncoder(os.Stdout).Encode(found))
}

func fail(err error) {
	if err != nil {
		panic(err)
	}
}
