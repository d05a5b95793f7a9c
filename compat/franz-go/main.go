// The checks of ../checks.tsv through franz-go: main BOOTSTRAP LEFT-OUT-TABLE [--groups|--transactions] [--only CHECK]...
package main

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

const limit = 60 * time.Second

type check struct {
	name string
	run  func(*client) error
}

func leftOut(path string) (map[string]bool, error) {
	text, err := os.ReadFile(path)
	out := map[string]bool{}
	for _, line := range strings.Split(string(text), "\n") {
		if columns := strings.Split(line, "\t"); len(columns) > 1 && columns[0] == "franz-go" {
			out[columns[1]] = true
		}
	}
	return out, err
}

func attempt(c *client, run func(*client) error) error {
	result := make(chan error, 1)
	go func() {
		defer func() {
			if panicked := recover(); panicked != nil {
				result <- fmt.Errorf("panic: %v", panicked)
			}
		}()
		result <- run(c)
	}()
	select {
	case err := <-result:
		return err
	case <-time.After(limit):
		return errors.New("no result within 60 s")
	}
}

func main() {
	checks, only := nodeChecks, map[string]bool{}
	for i := 3; i < len(os.Args); i++ {
		switch {
		case os.Args[i] == "--groups":
			checks = groupChecks
		case os.Args[i] == "--transactions":
			checks = transactionChecks
		case os.Args[i] == "--only" && i+1 < len(os.Args):
			i++
			only[os.Args[i]] = true
		default:
			fmt.Fprintln(os.Stderr, "unknown argument", os.Args[i])
			os.Exit(2)
		}
	}
	skip, err := leftOut(os.Args[2])
	run := make([]byte, 4)
	rand.Read(run)
	c, opened := newClient(os.Args[1], hex.EncodeToString(run))
	if err = errors.Join(err, opened); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	failed := 0
	for _, each := range checks {
		if skip[each.name] || len(only) > 0 && !only[each.name] {
			continue
		}
		begun := time.Now()
		if err := attempt(c, each.run); err != nil {
			failed = 1
			fmt.Printf("fail %s: %s\n", each.name, strings.ReplaceAll(err.Error(), "\n", " "))
		} else {
			fmt.Printf("ok %s %.2f\n", each.name, time.Since(begun).Seconds())
		}
	}
	os.Exit(failed)
}
