package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// ownGoroutines are the folders whose goroutines may panic: of the package that catches
// the panics of all others, and of what only tests run.
var ownGoroutines = []string{"fault", "bench", "e2e", "shm/sourcetest", "shm/process/naparitest", "shm/model/remote/remotetest", "dashboard/pixels/pixelstest"}

// A goroutine that panics ends the whole program. So each is started by package fault,
// which makes an error of the panic: no "go" statement, no Go of a WaitGroup, and no
// function literal for AfterFunc, whose goroutine is another one.
func TestEveryGoroutineIsGuarded(t *testing.T) {
	guarded := 0
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir():
			if path != "." && strings.HasPrefix(d.Name(), ".") || d.Name() == "node_modules" || slices.Contains(ownGoroutines, filepath.ToSlash(path)) {
				return fs.SkipDir
			}
			return nil
		case !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		bad, n, err := goroutinesIn(path, nil)
		for _, at := range bad {
			t.Errorf("%s: a panic in this goroutine ends the program: start it with fault.Go or fault.Func", at)
		}
		guarded += n
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if guarded < 20 {
		t.Errorf("%d goroutines were found that are guarded: the test does not see them any more", guarded)
	}
}

// goroutinesIn returns where a file starts goroutines that are not guarded, and how many
// are. src is its text, nil to read it.
func goroutinesIn(path string, src any) (bad []string, guarded int, err error) {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, src, parser.SkipObjectResolution)
	if err != nil {
		return nil, 0, err
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			bad = append(bad, files.Position(n.Pos()).String())
		case *ast.CallExpr:
			called, ok := n.Fun.(*ast.SelectorExpr)
			if !ok {
				break
			}
			of, _ := called.X.(*ast.Ident)
			switch ours := of != nil && of.Name == "fault"; {
			case ours && (called.Sel.Name == "Go" || called.Sel.Name == "Func"):
				guarded++
			case called.Sel.Name == "Go", called.Sel.Name == "AfterFunc" && hasLiteral(n.Args):
				bad = append(bad, files.Position(n.Pos()).String())
			}
		}
		return true
	})
	return bad, guarded, nil
}

func hasLiteral(args []ast.Expr) bool {
	return slices.ContainsFunc(args, func(e ast.Expr) bool {
		_, ok := e.(*ast.FuncLit)
		return ok
	})
}

func TestGoroutinesInFindsEveryKind(t *testing.T) {
	bad, guarded, err := goroutinesIn("a.go", `package a
func a() {
	go b()
	go func() {}()
	all.Go(b)
	s.all.Go(func() {})
	time.AfterFunc(d, func() {})
	context.AfterFunc(ctx, func() {})
	time.AfterFunc(d, b)
	fault.Go(&all, func() {}, failed)
	time.AfterFunc(d, fault.Func(func() {}, failed))
}`)
	if err != nil || len(bad) != 6 || guarded != 2 {
		t.Errorf("%d goroutines are not guarded, want 6, and %d are, want 2 (%v): %v", len(bad), guarded, err, bad)
	}
}
