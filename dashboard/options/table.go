package options

// The groups of the options.
const (
	listens    = "Where webmon listens"
	comes      = "Who may come in"
	signIn     = "People who sign in elsewhere"
	encryption = "Encryption"
	watches    = "What webmon watches"
	models     = "Simulations"
	runs       = "How webmon runs"
)

// Webmon are the options of the program.
var Webmon = []Option{
	{Name: "host", Arg: "ADDRESS", Default: "127.0.0.1", Group: listens, Text: "where to listen; 0.0.0.0 for all of this machine's addresses"},
	{Name: "port", Arg: "PORT", Default: "5050", Group: listens, Text: "the port to listen on, 0 for any free one. If 5050 is taken and you did not ask for it, webmon takes the next free one. Ports that browsers refuse, such as 6000, are not used, except behind a proxy (`--prefix`)"},
	{Name: "prefix", Arg: "PATH", Group: listens, Text: "the path under which a proxy serves webmon, such as `/lab/webmon`"},
	{Name: "allow-host", Arg: "NAME", Repeat: true, Group: listens, Text: "a further name that browsers may use for this machine"},
	{Name: "allow-connect", Arg: "ORIGIN", Repeat: true, Group: listens, Text: "an origin, such as `https://data.lab.org` or `http://localhost:*`, from which views of volumes may also load (zarr, N5, precomputed)"},

	{Name: "token-file", Arg: "FILE", Group: comes, Text: "a file with the token that browsers must know, closed to others"},
	{Name: "token", Arg: "TOKEN", Usual: "random, kept for this user", Group: comes, Text: "the token in the command itself, where everybody on the machine can read it; better `WEBMON_TOKEN` or `--token-file`"},
	{Name: "no-token", Group: comes, Text: "ask for no token; on a loopback address only"},
	{Name: "people", Arg: "FILE", Group: comes, Text: "people with a token and a role each; `webmon people --help` says how the file is written", See: "Named people"},

	{Name: "oidc-issuer", Arg: "URL", Group: signIn, Text: "an OpenID Connect provider at which people sign in, such as `https://login.example.org`", See: "Named people"},
	{Name: "oidc-client-id", Arg: "ID", Group: signIn, Text: "the id under which webmon is registered there, with the address `https://.../login/oidc/callback`"},
	{Name: "oidc-client-secret-file", Arg: "FILE", Group: signIn, Text: "a file with the secret that the provider gave with the id, if it gave one"},
	{Name: "oidc-role", Arg: "RULE", Repeat: true, Group: signIn, Text: "who of them may do what, such as `steer=group:lab`, `manage=email:ada@lab.org`, `look=email:@lab.org`, `look=<claim>:<value>`, or `look=*` for whoever can sign in; nobody else may do anything"},
	{Name: "oidc-name", Arg: "CLAIM", Default: "email", Group: signIn, Text: "the claim of the provider that is a person's name; an e-mail address must be verified"},
	{Name: "proxy-user", Arg: "HEADER", Group: signIn, Text: "the header in which a proxy that signs people in names them, such as `Remote-User`; with `--proxy-from`", See: "Named people"},
	{Name: "proxy-from", Arg: "ADDRESS", Repeat: true, Group: signIn, Text: "the address or network of that proxy, such as `10.0.0.1`: from elsewhere the header counts for nothing"},
	{Name: "proxy-role", Arg: "ROLE", Default: "look", Group: signIn, Text: "what people may do who come by the proxy: look, steer, manage, or the header that says so with one of these words, or with groups of which `webmon-look`, `webmon-steer` and `webmon-manage` count"},

	{Name: "tls", Group: encryption, Text: "serve https; without `--tls-cert` and `--acme` by an authority of webmon's own, which browsers have to be told to trust: `https://.../webmon-ca` says how", See: "Encryption"},
	{Name: "tls-cert", Arg: "FILE", Group: encryption, Text: "serve https with the certificate in this file, with its chain, as PEM; read again when it changes"},
	{Name: "tls-key", Arg: "FILE", Group: encryption, Text: "the key of `--tls-cert`, as PEM"},
	{Name: "acme", Arg: "NAME", Repeat: true, Group: encryption, Text: "serve https with a certificate got by ACME for this public name of the machine, as from Let's Encrypt, whose terms you accept; the name must lead to webmon at port 443"},
	{Name: "acme-directory", Arg: "URL", Usual: "Let's Encrypt", Group: encryption, Text: "the address of the directory of another ACME authority"},

	{Name: "connect", Arg: "HOST:PORT", Repeat: true, Group: watches, Text: "a running manager to attach to"},
	{Name: "authkey-file", Arg: "FILE", Usual: "napari's own key", Group: watches, Text: "a file with the key of the managers named by `--connect`"},
	{Name: "maps", Arg: "FOLDER", Repeat: true, Group: watches, Text: "a folder below which maps are: annotated stacks that are followed through time. The first one takes what is uploaded"},
	{Name: "board", Arg: "FILE", Repeat: true, Group: watches, Text: "a board as a file: a page of cards, shown as it is; people change copies of it", See: "Boards"},
	{Name: "demo", Group: watches, Text: "show the demo, beside whatever else is attached"},

	{Name: "model", Arg: "FILE", Repeat: true, Group: models, Text: "a Python file of models to run for whoever looks, or `tcp://HOST:PORT` of a super_hydro server"},
	{Name: "python", Arg: "PROGRAM", Usual: "the Python of $VIRTUAL_ENV, else of webmon's own environment, else python3", Group: models, Text: "what runs Python files of models"},
	{Name: "Nx", Arg: "N", Usual: "the model's own", Group: models, Text: "points of a model's grid along x"},
	{Name: "Ny", Arg: "N", Usual: "the model's own", Group: models, Text: "points of a model's grid along y"},
	{Name: "steps", Arg: "N", Usual: "the model's own", Group: models, Text: "time steps of a model between two pictures"},
	{Name: "healing-length", Arg: "X", Usual: "the model's own", Group: models, Text: "healing length of a model, in points of its grid"},
	{Name: "dt-t-scale", Arg: "X", Usual: "the model's own", Group: models, Text: "time step of a model, as a part of its shortest time scale"},
	{Name: "tracers", Arg: "N", Default: "-1", Usual: "the model's own", Group: models, Text: "tracer particles of a model, 0 for none"},
	{Name: "grace", Arg: "DURATION", Usual: "10s", Group: models, Text: "stop a model so long after the last person has left it"},

	{Name: "open", Group: runs, Text: "open the dashboard in the browser, by a file that only you can read and that goes after a minute: a command could be read by everybody"},
	{Name: "linger", Arg: "DURATION", Usual: "never; 10m when a process starts webmon", Group: runs, Text: "stop so long after the last process and the last browser are gone, 0 for never"},
	{Name: "memory", Arg: "SIZE", Usual: "a quarter of the machine's memory", Group: runs, Text: "what is kept in memory of histories, frames and answers, such as 512MiB, 2GiB or 10%", See: "Memory"},
	{Name: "log-path", Arg: "FILE", Usual: "standard error; ~/.local/state/webmon/webmon.log when a process starts webmon", Group: runs, Text: "the file for the log"},
	{Name: "log-level", Arg: "LEVEL", Default: "info", Group: runs, Text: "what is logged: debug, info, warn or error"},
	{Name: "version", OfCommand: true, Group: runs, Text: "print the version and end"},
	{Name: "help", OfCommand: true, Group: runs, Text: "print this help and end"},
}

// Command is a word with which webmon does something else than serve.
type Command struct{ Usage, Text string }

// Commands are these words.
var Commands = []Command{
	{"token rotate", "make a new token, and end all sessions and links"},
	{"people add NAME", "give somebody a token and a role; print their address, once"},
	{"people list", "say who may open webmon besides whoever has its own token"},
	{"people remove NAME", "take somebody out"},
}

// People are the options of webmon people.
var People = []Option{
	{Name: "role", OfCommand: true, Arg: "ROLE", Default: "look", Group: "Options", Text: "what the person may do: look, steer or manage; with add only"},
	{Name: "until", OfCommand: true, Arg: "DATE", Default: "never", Group: "Options", Text: "the day to the end of which the token is good, such as 2027-01-31, or a time such as 2027-01-31T18:00:00+01:00; with add only"},
	{Name: "people", Arg: "FILE", Usual: "that of the webmon that runs, else people in the state folder", Group: "Options", Text: "the file of the people"},
}
