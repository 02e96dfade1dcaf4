"""Graph in, graph or callable out: trace, run, differentiate, rematerialize, vectorize, custom rules."""
