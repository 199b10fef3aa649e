package dashboard

import "webmon/components"

// access says who is in webmon, and how people come in.
func (s *Server) access() *components.Access { return nil }
