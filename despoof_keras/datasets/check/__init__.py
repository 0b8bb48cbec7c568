"""`despoof data check`: what a data set holds, and whether it can be trained and evaluated on."""
