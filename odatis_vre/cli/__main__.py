from odatis_vre.cli import main

main()
